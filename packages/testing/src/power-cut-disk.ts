/**
 * A disk with a volatile write cache whose power can be cut, for tests of what survives it: a
 * memory-backed null_blk below a mapping that can be swapped for errors, ext4 on top, mounted.
 *
 * At the cut the mapping answers every request with an error, so nothing that memory still holds is
 * written any more, then the disk loses what it had acknowledged without a flush. Needs root,
 * device-mapper and the kernel's null_blk.
 */
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandRunner } from "@mvm/core";

const CONFIG = "/sys/kernel/config/nullb";
const TIMEOUT_MS = 60_000;
const SECTOR_BYTES = 512;
const BYTES_PER_MIB = 1024 * 1024;
/** Big enough to hold all that a test writes: what overflows it would be kept. */
const CACHE_MIB = 256;

export interface PowerCutDiskOptions {
  readonly commands: CommandRunner;
  /** Name of the disk and of its mapping. */
  readonly name: string;
  readonly sizeMib: number;
  /** An empty directory. */
  readonly mountPoint: string;
}

export class PowerCutDisk {
  readonly #options: PowerCutDiskOptions;
  readonly #config: string;

  private constructor(options: PowerCutDiskOptions) {
    this.#options = options;
    this.#config = join(CONFIG, options.name);
  }

  /** A new disk, formatted and mounted. */
  static async open(options: PowerCutDiskOptions): Promise<PowerCutDisk> {
    const disk = new PowerCutDisk(options);
    await disk.#run("modprobe", "null_blk", "nr_devices=0");
    await mkdir(disk.#config);
    const settings = { memory_backed: 1, blocksize: SECTOR_BYTES, size: options.sizeMib, cache_size: CACHE_MIB };
    for (const [name, value] of Object.entries(settings)) await disk.#set(name, value);
    await disk.#set("power", 1);
    await disk.#run("dmsetup", "create", options.name, "--table", disk.#table());
    await disk.#run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk.#device);
    await disk.#run("mount", disk.#device, options.mountPoint);
    return disk;
  }

  /** From here on nothing reaches the disk, and what it had not flushed is gone after `powerOn`. */
  async cut(): Promise<void> {
    await this.#replaceTable(`0 ${this.#sectors} error`);
  }

  /** Mounts what the cut left. Whatever used the file system must have let go of it. */
  async powerOn(): Promise<void> {
    await this.#run("umount", this.#options.mountPoint);
    // Off: the kernel frees the cache and keeps the data.
    await this.#set("power", 0);
    await this.#set("power", 1);
    await this.#replaceTable(this.#table());
    await this.#run("mount", this.#device, this.#options.mountPoint);
  }

  async close(): Promise<void> {
    await this.#run("umount", this.#options.mountPoint);
    await this.#run("dmsetup", "remove", "--retry", this.#options.name);
    await this.#set("power", 0);
    await rmdir(this.#config);
  }

  get #device(): string {
    return `/dev/mapper/${this.#options.name}`;
  }

  get #sectors(): number {
    return (this.#options.sizeMib * BYTES_PER_MIB) / SECTOR_BYTES;
  }

  #table(): string {
    // The kernel names the disk as its configuration is named.
    return `0 ${this.#sectors} linear /dev/${this.#options.name} 0`;
  }

  async #replaceTable(table: string): Promise<void> {
    const { name } = this.#options;
    // Without a flush and without a freeze of the file system: nobody is told.
    await this.#run("dmsetup", "suspend", "--noflush", "--nolockfs", name);
    await this.#run("dmsetup", "load", name, "--table", table);
    await this.#run("dmsetup", "resume", name);
  }

  async #run(...argv: readonly [string, ...string[]]): Promise<void> {
    await this.#options.commands.run({ argv, timeoutMs: TIMEOUT_MS });
  }

  #set(name: string, value: number): Promise<void> {
    return writeFile(join(this.#config, name), String(value));
  }
}
