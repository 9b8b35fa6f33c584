/**
 * Where the files of a jail lie, seen from the host and from inside. Pure: the one place that joins
 * these names. The jailer fixes `<base>/<name of the program>/<id>/root` and the pid file's name.
 */
import { join } from "node:path";
import type { InstanceId } from "@mvm/core";
import type { VmDrive } from "../../driver.ts";

/** Name of Firecracker's program file, on the host and in the jail. */
export const PROGRAM = "firecracker";

/** Paths as the jailed process knows them; a snapshot records them, so that they are the same in every jail. */
export const inside = {
  kernel: "/kernel",
  initrd: "/initrd",
  log: "/log",
  apiSocket: "/run/api.sock",
  guestSocket: "/run/guest.sock",
  /** Where a snapshot is written to, and where one is loaded from. */
  savedState: "/saved/state",
  savedMemory: "/saved/memory",
  loadedState: "/loaded/state",
  loadedMemory: "/loaded/memory",
  drive: (name: VmDrive["name"]): string => `/${name}`,
} as const;

export interface JailPaths {
  /** The VM's own directory; the jail and the driver's notes are in it. */
  readonly dir: string;
  /** What the jailed process sees as `/`. */
  readonly root: string;
  readonly pidFile: string;
  /** Which files were attached to loop devices for this jail, one a line. */
  readonly attached: string;
  readonly apiSocket: string;
  readonly guestSocket: string;
  readonly log: string;
}

/** Where each VM's own directory lies, named by its id. */
export function vmJailsDir(jailsDir: string): string {
  return join(jailsDir, PROGRAM);
}

export function jailPaths(jailsDir: string, id: InstanceId): JailPaths {
  const dir = join(vmJailsDir(jailsDir), id);
  const root = join(dir, "root");
  return {
    dir,
    root,
    pidFile: join(root, `${PROGRAM}.pid`),
    attached: join(dir, "attached"),
    apiSocket: join(root, inside.apiSocket),
    guestSocket: join(root, inside.guestSocket),
    log: join(root, inside.log),
  };
}

/** The pipe that every jail's log is a copy of: pipes hold 64 KiB and drop what comes on top. */
export function logPipePath(jailsDir: string): string {
  return join(jailsDir, "log");
}
