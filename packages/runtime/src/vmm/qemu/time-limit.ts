/** Core's deadline for a promise that is there already. */
import { withDeadline, type Clock } from "@mvm/core";

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
export function withinLimit<T>(clock: Clock, limit: TimeLimit, work: Promise<T>): Promise<T> {
  const { timeoutMs, onLate, signal } = limit;
  return withDeadline({ clock, timeoutMs, late: onLate, signal }, () => work);
}
