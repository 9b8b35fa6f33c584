/**
 * Ending a VM and removing everything that this driver made for it, also what a launch left that was cut
 * short and whose process nobody knows. The jail's directory is made before any process or device and
 * removed last, so that without it and the control group there is nothing to look for.
 */
import { join } from "node:path";
import type { ProcessRef } from "@mvm/core";
import type { VmPlace } from "../driver.ts";
import { killStrays } from "../strays.ts";
import { cgroupOf, endCgroup } from "./confinement/cgroups.ts";
import type { DriverParts } from "./driver-parts.ts";
import { removeJail } from "./jail/jail.ts";
import { jailPaths } from "./jail/jail-paths.ts";

const ROOT_UID = 0;
const MAX_ARGV_BYTES = 2 * 1024 * 1024;

/** Kills and removes what is left of a VM, whoever started it; idempotent. @throws MvmError MVM_VM_DRIVER */
export async function clearRemains(parts: DriverParts, place: VmPlace): Promise<void> {
  const { ports, jailsDir, cgroups } = parts;
  const paths = jailPaths(jailsDir, place.id);
  const group = join(cgroups.mount, cgroupOf(cgroups, place.id));
  parts.streams.forget(paths.guestSocket);
  parts.logs.forget(paths.log);
  const left = await Promise.all([paths.dir, group].map((path) => ports.files.stat(path)));
  if (left.every((found) => found === null)) return;
  // A jailer on its way is in no group yet.
  await killStrays(ports, () => strays(parts, place));
  await endCgroup(ports, group);
  await removeJail(ports, paths);
}

/** The same for a VM whose process is known to be in its group: no search through all processes. */
export async function endVm(parts: DriverParts, place: VmPlace): Promise<void> {
  const { ports, jailsDir, cgroups } = parts;
  const paths = jailPaths(jailsDir, place.id);
  parts.streams.forget(paths.guestSocket);
  parts.logs.forget(paths.log);
  await endCgroup(ports, join(cgroups.mount, cgroupOf(cgroups, place.id)));
  await removeJail(ports, paths);
}

/** Jailers and VMMs that were started for this VM, by their argv. */
async function strays({ ports, jailsDir }: DriverParts, place: VmPlace): Promise<readonly ProcessRef[]> {
  const own = await ports.processes.ofUid(place.uid);
  const roots = await ports.processes.ofUid(ROOT_UID);
  const [startedAsVm, startedAsRoot] = await Promise.all([own, roots].map((found) => argvs(ports, found)));
  return [
    ...own.filter((_, index) => isStartedFor(startedAsVm?.[index] ?? [], place.id)),
    // What still is root's is a jailer, and told where.
    ...roots.filter((_, index) => {
      const argv = startedAsRoot?.[index] ?? [];
      return isStartedFor(argv, place.id) && argv.includes(jailsDir);
    }),
  ];
}

/** One of them that is gone has none. */
function argvs({ files }: DriverParts["ports"], found: readonly ProcessRef[]): Promise<readonly (readonly string[])[]> {
  return Promise.all(
    found.map(async ({ pid }) => {
      const text = await files.read(`/proc/${pid}/cmdline`, MAX_ARGV_BYTES).catch(() => null);
      return text?.toString("utf8").split("\0").slice(0, -1) ?? [];
    }),
  );
}

/** Whether an argv is that of a jailer or of Firecracker for the VM: both are told its id and the API's socket. */
export function isStartedFor(argv: readonly string[], id: string): boolean {
  const at = argv.indexOf("--id");
  return at > 0 && argv[at + 1] === id && argv.includes("--api-sock");
}
