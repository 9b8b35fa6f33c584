/** Work against a deadline on an injected clock; nothing of it is left running once either is over. */
import type { Clock } from "./ports/clock.ts";

export interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Made only when the deadline passes first. */
  readonly late: () => Error;
  /** Ends the wait early; the result is then the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work`; the signal that it gets is aborted when nobody waits for it any more. */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const stop = deadline.signal === undefined ? over.signal : AbortSignal.any([over.signal, deadline.signal]);
  const lateness = async (): Promise<never> => {
    try {
      await deadline.clock.sleep(deadline.timeoutMs, stop);
    } catch {
      throw deadline.signal?.reason ?? new Error("the wait is over");
    }
    throw deadline.late();
  };
  try {
    return await Promise.race([work(stop), lateness()]);
  } finally {
    over.abort();
  }
}
