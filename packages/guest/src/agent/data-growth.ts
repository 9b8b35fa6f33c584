/**
 * The data drive's growth inside the guest: waits until the disk has the size that the host gave it, then lets the
 * file system that is mounted on it take all of it. Never mounts, formats or shrinks anything.
 */
import type { Clock } from "@mvm/core";
import { rpcErrors } from "../protocol/frames.ts";
import { sourceArgv } from "./drives.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import type { BoundedCommands } from "./ports.ts";

const DATA_MOUNT = "/data";
const LOOK_TIMEOUT_MS = 10_000;
/** The kernel hears of a disk's new size by an interrupt. */
const SIZE_TRIES = 20;
const SIZE_WAIT_MS = 250;
/** Shorter than the host waits for the answer. */
const RESIZE_TIMEOUT_MS = 90_000;

type Argv = readonly [string, ...string[]];

const diskSizeArgv = (device: string): Argv => ["blockdev", "--getsize64", device];
const resizeArgv = (device: string): Argv => ["resize2fs", device];
const heldSizeArgv: Argv = ["findmnt", "--noheadings", "--bytes", "--output=SIZE", "--mountpoint", DATA_MOUNT];

interface DataGrowthParts {
  readonly commands: BoundedCommands;
  readonly clock: Clock;
}

/**
 * @returns what the file system on /data then holds, in bytes
 * @throws GuestRefusal when nothing is mounted there, the disk has not that size yet, or a tool fails
 */
export async function growData(parts: DataGrowthParts, sizeBytes: number): Promise<number> {
  const device = await outputOf(parts, sourceArgv(DATA_MOUNT));
  await expectDiskSize(parts, device, sizeBytes);
  await outputOf(parts, resizeArgv(device), RESIZE_TIMEOUT_MS);
  return Number(await outputOf(parts, heldSizeArgv));
}

async function expectDiskSize(parts: DataGrowthParts, device: string, sizeBytes: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const size = Number(await outputOf(parts, diskSizeArgv(device)));
    if (size >= sizeBytes) return;
    if (tries === SIZE_TRIES)
      throw new GuestRefusal(rpcErrors.notReady, `${device} has ${size} bytes, not ${sizeBytes} yet`);
    await parts.clock.sleep(SIZE_WAIT_MS);
  }
}

async function outputOf({ commands }: DataGrowthParts, argv: Argv, timeoutMs = LOOK_TIMEOUT_MS): Promise<string> {
  const { code, stdout, stderr } = await commands.run({ argv, timeoutMs, maxOutputBytes: 4096 });
  if (code === 0) return stdout.trim();
  throw new GuestRefusal(rpcErrors.refused, `${argv.join(" ")} failed: ${stderr.trim().slice(0, 300)}`);
}
