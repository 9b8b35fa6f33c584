/**
 * Wakes who waits for a change of the store. A hint only: every waiter looks for itself before and
 * after, so a missed or needless wake-up costs nothing but a look.
 */
import type { Clock } from "@mvm/core";

export interface ChangeSignal {
  /** Wakes everybody who waits now. */
  raise(): void;
  /** Resolves at the next raise. Take it before looking, so that no change in between is lost. */
  next(): Promise<void>;
}

export function changeSignal(): ChangeSignal {
  let waiting: (() => void)[] = [];
  return {
    raise() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
      }),
  };
}

export interface Wait {
  readonly changes: ChangeSignal;
  readonly clock: Clock;
  /** How long at most, milliseconds; 0: not at all. */
  readonly waitMs: number;
  /** Ends the waiting early, without an error. */
  readonly signal: AbortSignal;
}

/** Resolves when `isReady` says so, when the time is over, or when the signal is aborted. */
export async function waitUntil(
  isReady: () => Promise<boolean>,
  { changes, clock, waitMs, signal }: Wait,
): Promise<void> {
  const deadline = clock.monotonicMs() + waitMs;
  for (;;) {
    const left = deadline - clock.monotonicMs();
    if (left <= 0 || signal.aborted) return;
    const changed = changes.next();
    if (await isReady()) return;
    const timer = new AbortController();
    const timeOver = clock.sleep(left, AbortSignal.any([timer.signal, signal])).catch(() => undefined);
    await Promise.race([changed, timeOver]);
    timer.abort();
  }
}
