/** The port to time. Nothing outside host adapters reads a clock or sets a timer by itself. */

export interface Clock {
  /** Wall clock, milliseconds since 1970; may step. For what people read. */
  nowMs(): number;
  /** Monotonic milliseconds; for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** ISO 8601 in UTC, as written to every document. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
