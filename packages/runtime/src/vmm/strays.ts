/**
 * Ending processes of VMs: one that is known, and those that nobody knows any more because the agent that
 * started them died on the way. Called by every driver.
 */
import { MvmError, type Clock, type ProcessRef, type Processes } from "@mvm/core";

/** What hangs in a disk takes its time; a process that is only killed dies at once. */
export const DEATH_TIMEOUT_MS = 10_000;
/** From fork to exec, with room for a busy host. */
const SPAWN_SETTLE_MS = 300;

/** Kills the very process and waits for its end. @throws MvmError MVM_VM_DRIVER when it does not die */
export async function killProcess(
  processes: Pick<Processes, "signal" | "waitGone">,
  process: ProcessRef,
): Promise<void> {
  await processes.signal(process, "SIGKILL");
  if (await processes.waitGone(process, DEATH_TIMEOUT_MS)) return;
  throw new MvmError("MVM_VM_DRIVER", {
    message: `the VMM's process ${process.pid} does not die`,
    retry: "backoff",
    remedy: "Look at the host's disks: it may hang in one.",
    details: { ...process },
  });
}

/**
 * Kills what `find` finds. A launcher that was killed between fork and exec leaves a copy of itself, which
 * shows its own argv until it has become the VMM: a second look, some moments later, finds that one.
 * @throws MvmError MVM_VM_DRIVER when one does not die
 */
export async function killStrays(
  { clock, processes }: { readonly clock: Clock; readonly processes: Processes },
  find: () => Promise<readonly ProcessRef[]>,
): Promise<void> {
  for (const waitMs of [0, SPAWN_SETTLE_MS]) {
    await clock.sleep(waitMs);
    const found = await find();
    for (const stray of found) await killProcess(processes, stray);
    if (found.length > 0) return;
  }
}
