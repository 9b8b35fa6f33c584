/**
 * The small drives inside the guest: what the mount script said of them, and how the secrets and
 * config drives are looked at anew after the host has rewritten them under the same device.
 *
 * It must never touch the data drive.
 */
import type { Clock, Files } from "@mvm/core";
import { rpcErrors } from "../protocol/frames.ts";
import { DrivesDocument } from "../protocol/status.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import type { BoundedCommands } from "./ports.ts";

const DRIVES_DOCUMENT_PATH = "/run/mvm/drives.json";
const MOUNT_OPTIONS = "ro,noload,nosuid,nodev,noexec";

/** Mount points of the drives that hold files which the host writes. */
export const REFRESHED_MOUNTS = ["/run/secrets", "/etc/mvm-config"] as const;

const BUSY_TRIES = 20;
const BUSY_WAIT_MS = 250;

/** The mount script's report; null while it is not there or not whole. */
export async function readDrives(files: Pick<Files, "read">): Promise<DrivesDocument | null> {
  const text = await files.read(DRIVES_DOCUMENT_PATH, 16 * 1024);
  if (text === null) return null;
  try {
    const decoded = DrivesDocument.safeParse(JSON.parse(text.toString("utf8")));
    return decoded.success ? decoded.data : null;
  } catch {
    return null;
  }
}

type Argv = readonly [string, ...string[]];

export const sourceArgv = (mountPoint: string): Argv => [
  "findmnt",
  "--noheadings",
  "--output=SOURCE",
  "--mountpoint",
  mountPoint,
];

/** Takes the drive away, drops the kernel's cached blocks of it, mounts it again. */
export function remountArgvs(
  device: string,
  mountPoint: string,
): { readonly unmount: Argv; readonly mountAgain: readonly Argv[] } {
  return {
    unmount: ["umount", mountPoint],
    mountAgain: [
      ["blockdev", "--flushbufs", device],
      ["mount", "-t", "ext4", "-o", MOUNT_OPTIONS, device, mountPoint],
    ],
  };
}

export interface RefreshParts {
  readonly commands: BoundedCommands;
  readonly clock: Clock;
}

/**
 * Mounts the secrets and config drives anew; one that is not mounted is left alone.
 * @throws GuestRefusal when a drive stays in use or can't be mounted again
 */
export async function remountSmallDrives(parts: RefreshParts): Promise<void> {
  for (const mountPoint of REFRESHED_MOUNTS) {
    const source = await parts.commands.run({ argv: sourceArgv(mountPoint), timeoutMs: 10_000, maxOutputBytes: 4096 });
    const device = source.stdout.trim();
    if (source.code === 0 && device !== "") await remount(device, mountPoint, parts);
  }
}

async function remount(device: string, mountPoint: string, { commands, clock }: RefreshParts): Promise<void> {
  const run = (argv: Argv) => commands.run({ argv, timeoutMs: 10_000, maxOutputBytes: 4096 });
  const { unmount, mountAgain } = remountArgvs(device, mountPoint);
  // The application opens a file on it for moments only.
  let outcome = await run(unmount);
  for (let tries = 1; outcome.code !== 0 && tries < BUSY_TRIES; tries += 1) {
    await clock.sleep(BUSY_WAIT_MS);
    outcome = await run(unmount);
  }
  if (outcome.code !== 0)
    throw new GuestRefusal(rpcErrors.refused, `${mountPoint} stays in use: ${outcome.stderr.trim()}`);
  for (const argv of mountAgain) {
    const step = await run(argv);
    if (step.code !== 0)
      throw new GuestRefusal(rpcErrors.refused, `${argv[0]} of ${device} failed: ${step.stderr.trim()}`);
  }
}
