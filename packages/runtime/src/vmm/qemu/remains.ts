/**
 * Ending a VM and removing everything that this driver made for it, also what a launch left that was cut
 * short and whose process nobody knows.
 *
 * Every launch first makes the VM's empty root directory, so without any of the driver's files
 * there is no process either, and the search through /proc is spared.
 */
import type { ProcessRef, Processes } from "@mvm/core";
import type { VmHandle, VmPlace } from "../driver.ts";
import { killProcess, killStrays } from "../strays.ts";
import { isSocketOption } from "./argv.ts";
import type { DriverParts, QemuPorts } from "./driver-parts.ts";
import { vmPaths } from "./vm-paths.ts";

const ROOT_UID = 0;

type Parts = Pick<DriverParts, "consoles" | "streams"> & {
  readonly ports: Pick<QemuPorts, "clock" | "files" | "processes">;
};

/** Kills what runs from the VM's directories and removes the driver's files there; idempotent. */
export async function clearRemains({ ports, consoles, streams }: Parts, place: VmPlace): Promise<void> {
  const paths = vmPaths(place);
  streams.forget(paths.guest);
  consoles.forget(paths.console);
  const facts = await Promise.all(allPaths(place).map((path) => ports.files.stat(path)));
  if (facts.every((each) => each === null)) return;
  await killStrays(ports, () => strays(ports.processes, place));
  await removeFiles(ports, place);
}

/** The same for a VM whose process is known. */
export async function endVm(parts: Parts, handle: VmHandle): Promise<void> {
  await killProcess(parts.ports.processes, handle.process);
  await clearRemains(parts, handle);
}

/** Only once the process is gone: a VMM that lives would be cut off, not ended. */
export async function removeFiles({ files }: Pick<QemuPorts, "files">, place: VmPlace): Promise<void> {
  for (const path of allPaths(place)) await files.remove(path);
}

/** In the order of removal: the root directory, which every launch makes first, goes last. */
function allPaths(place: VmPlace): readonly string[] {
  const { qmp, console, guest, guestAside, incoming, memory, root } = vmPaths(place);
  return [qmp, console, guest, guestAside, incoming, memory, root];
}

/** Processes with this VM's control socket in their argv; cut short early, they may still be root's. */
async function strays(processes: Processes, place: VmPlace): Promise<readonly ProcessRef[]> {
  const { qmp } = vmPaths(place);
  const candidates = [...(await processes.ofUid(place.uid)), ...(await processes.ofUid(ROOT_UID))];
  const marked = await Promise.all(
    candidates.map(async (process) => {
      // What even root may not look at was not started by us.
      const facts = await processes.facts(process).catch(() => null);
      return facts?.cmdline.some((word) => isSocketOption(word, qmp)) === true;
    }),
  );
  return candidates.filter((_, index) => marked[index] === true);
}
