/** Waits for a VM's end, whatever ends it. A driver's look that fails says nothing about the VM and is repeated. */
import type { Clock } from "@mvm/core";
import type { VmHandle, VmmDriver, VmState } from "@mvm/runtime";

/** One look; another follows, so that nothing waits on a process for ever. */
const LOOK_MS = 30_000;
const RETRY_MS = 5_000;

export interface EndWatch {
  readonly driver: Pick<VmmDriver, "inspect" | "waitGone">;
  readonly clock: Clock;
  /** Told of each look at a VM that is there. */
  readonly seen?: (state: VmState) => void;
}

/** Resolves true when the VM is gone or its guest has shut down, false when `signal` was aborted first. */
export async function watchEnd(
  { driver, clock, seen }: EndWatch,
  handle: VmHandle,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      if (await driver.waitGone(handle, LOOK_MS, signal)) return !signal.aborted;
      const state = await driver.inspect(handle);
      if (isOver(state)) return !signal.aborted;
      seen?.(state);
    } catch {
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
  return false;
}

/** Whether a VM in this state can't answer any more. */
export function isOver(state: VmState): boolean {
  return state === "gone" || state === "shut-down";
}
