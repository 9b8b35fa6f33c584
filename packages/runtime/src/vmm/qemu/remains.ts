/**
 * Ending a VM's process and removing everything that this driver made for it, also what a launch
 * left that was cut short and whose process nobody knows.
 *
 * Every launch first makes the VM's empty root directory, so without any of the driver's files
 * there is no process either, and the search through /proc is spared.
 */
import { MvmError, type Clock, type Files, type ProcessRef, type Processes } from "@mvm/core";
import type { VmPlace } from "../driver.ts";
import { vmPaths } from "./vm-paths.ts";

const DEATH_TIMEOUT_MS = 10_000;
const ROOT_UID = 0;
/** From fork to exec, with room for a busy host. */
const SPAWN_SETTLE_MS = 300;

export interface RemainsPorts {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
}

/** Kills what runs from the VM's directories and removes the driver's files there; idempotent. */
export async function clearRemains(ports: RemainsPorts, place: VmPlace): Promise<void> {
  const facts = await Promise.all(allPaths(place).map((path) => ports.files.stat(path)));
  if (facts.every((each) => each === null)) return;
  // A launcher killed in the middle of a spawn leaves a copy of itself that shows its own argv, not
  // the VMM's, until it has become the VMM: a second look finds that one.
  for (const waitMs of [0, SPAWN_SETTLE_MS]) {
    await ports.clock.sleep(waitMs);
    const found = await strays(ports.processes, place);
    for (const stray of found) await killProcess(ports, stray);
    if (found.length > 0) break;
  }
  await removeFiles(ports, place);
}

/** Kills the very process and waits for its end. @throws MvmError MVM_VM_DRIVER when it does not die */
export async function killProcess({ processes }: Pick<RemainsPorts, "processes">, process: ProcessRef): Promise<void> {
  await processes.signal(process, "SIGKILL");
  if (await processes.waitGone(process, DEATH_TIMEOUT_MS)) return;
  const message = `the VMM's process ${process.pid} does not die`;
  throw new MvmError("MVM_VM_DRIVER", {
    message,
    retry: "backoff",
    remedy: "Look at the host's disks: it may hang in one.",
    details: { ...process },
  });
}

/** Only once the process is gone: a VMM that lives would be cut off, not ended. */
export async function removeFiles({ files }: Pick<RemainsPorts, "files">, place: VmPlace): Promise<void> {
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

/** Whether an argument is QEMU's option of the control socket at `path`, as argv.ts writes it. */
export function isSocketOption(word: string, path: string): boolean {
  return word.startsWith("socket,id=qmp,") && word.includes(`,path=${path.replaceAll(",", ",,")},`);
}
