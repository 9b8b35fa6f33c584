/**
 * Makes the lab host's disk, kernel and SSH keys out of debian-host.ts, once for each content:
 * `<labDir>/host-<key>/`. Called by run-lab.ts; needs root and Debian's packages.
 */
import { existsSync, globSync } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

import * as z from "zod";

import { debianRootArgv, DISK_GIB, HOST_FILES, HOST_LINKS, hostImageKey, hostPackages } from "./debian-host.ts";
import { runOrThrow } from "../machine/lab-command.ts";

const MMDEBSTRAP_TIMEOUT_MS = 30 * 60_000;
const TOOL_TIMEOUT_MS = 5 * 60_000;
const GIB = 1024 ** 3;
const PackageReasons = z.record(z.string(), z.string());

/** Paths of one lab host's image; none of them is ever written again. */
export interface HostImage {
  readonly key: string;
  readonly diskPath: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Private key that opens the lab host's SSH. */
  readonly clientKeyPath: string;
  /** The lab host's own public key. */
  readonly hostKeyPath: string;
}

/** The image, made when there is none of this content yet: a minute or two. */
export async function ensureHostImage(labDir: string, say: (line: string) => void): Promise<HostImage> {
  const listed: unknown = JSON.parse(await readFile(join(import.meta.dirname, "../../debian-packages.json"), "utf8"));
  const packages = hostPackages(Object.keys(PackageReasons.parse(listed)));
  const key = hostImageKey(packages);
  const dir = join(labDir, `host-${key}`);
  if (!existsSync(dir)) {
    say("making the lab host from Debian packages: a minute or two, once");
    const work = await mkdtemp(join(labDir, "work-"));
    try {
      await makeHostImage(work, packages);
      await rm(join(work, "root"), { recursive: true });
      await rename(work, dir);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return {
    key,
    diskPath: join(dir, "disk.img"),
    kernelPath: join(dir, "vmlinuz"),
    initrdPath: join(dir, "initrd.img"),
    clientKeyPath: join(dir, "client-key"),
    hostKeyPath: join(dir, "host-key.pub"),
  };
}

async function makeHostImage(work: string, packages: readonly string[]): Promise<void> {
  const root = join(work, "root");
  await runOrThrow(debianRootArgv(packages, root), { timeoutMs: MMDEBSTRAP_TIMEOUT_MS, env: { TMPDIR: work } });
  await setUp(root);
  await giveKeys(work, root);
  await copyFile(onlyMatch(root, "boot/vmlinuz-*"), join(work, "vmlinuz"));
  await copyFile(onlyMatch(root, "boot/initrd.img-*"), join(work, "initrd.img"));
  const disk = join(work, "disk.img");
  await writeFile(disk, "");
  await truncate(disk, DISK_GIB * GIB);
  const format = ["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1"] as const;
  await runOrThrow([...format, "-d", root, disk], { timeoutMs: TOOL_TIMEOUT_MS });
}

async function setUp(root: string): Promise<void> {
  for (const [path, text] of Object.entries(HOST_FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const [path, target] of Object.entries(HOST_LINKS)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await rm(join(root, path), { force: true });
    await symlink(target, join(root, path));
  }
  await mkdir(join(root, "mnt/payload"));
}

/** One key for whoever drives the lab host, one for the host itself, so that neither is taken on trust. */
async function giveKeys(work: string, root: string): Promise<void> {
  for (const name of ["client-key", "host-key"]) {
    const argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mvm lab", "-f", join(work, name)] as const;
    await runOrThrow(argv, { timeoutMs: TOOL_TIMEOUT_MS });
  }
  for (const key of globSync("etc/ssh/ssh_host_*", { cwd: root })) await unlink(join(root, key));
  await rename(join(work, "host-key"), join(root, "etc/ssh/ssh_host_ed25519_key"));
  const authorized = join(root, "root/.ssh/authorized_keys");
  // Debian's packages may have made it.
  await mkdir(dirname(authorized), { recursive: true, mode: 0o700 });
  await copyFile(join(work, "client-key.pub"), authorized);
  await chmod(authorized, 0o600);
}

function onlyMatch(root: string, pattern: string): string {
  const [found, ...others] = globSync(pattern, { cwd: root });
  if (found === undefined || others.length > 0) throw new Error(`the lab host's root has no single ${pattern}`);
  return join(root, found);
}
