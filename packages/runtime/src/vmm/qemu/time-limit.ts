/** A promise with a deadline on the injected clock, and an end by abort. */
import type { Clock } from "@mvm/core";

export interface TimeLimit {
  readonly timeoutMs: number;
  /** Makes the error of a deadline that has passed. */
  readonly onLate: () => Error;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles as `work` does, unless the deadline or the abort comes first. `work` goes on unheard then:
 * its owner must end it.
 */
export async function withinLimit<T>(clock: Clock, limit: TimeLimit, work: Promise<T>): Promise<T> {
  const { timeoutMs, onLate, signal } = limit;
  const settled = new AbortController();
  const until = signal === undefined ? settled.signal : AbortSignal.any([settled.signal, signal]);
  const late = clock.sleep(timeoutMs, until).then(() => {
    throw onLate();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
  }
}
