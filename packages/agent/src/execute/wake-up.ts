/** A bell for the reconcile loop: rung by whoever changed something, waited for with a limit. */
import type { Clock } from "@mvm/core";

export interface WakeUp {
  /** Ends the wait that is on, or the next one at once. */
  ring(): void;
  /** Resolves when the bell was rung since the last wait, or after `ms`, or when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function wakeUp(clock: Clock): WakeUp {
  let rung = false;
  let waiting: AbortController | null = null;
  return {
    ring() {
      rung = true;
      waiting?.abort();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        waiting = new AbortController();
        await clock.sleep(ms, AbortSignal.any([waiting.signal, signal])).catch(() => undefined);
        waiting = null;
      }
      rung = false;
    },
  };
}
