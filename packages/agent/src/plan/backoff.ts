/** When a failed operation is tried again. Pure; time and jitter are given, so that runs replay. */

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** A quarter either way. */
const SPREAD = 0.25;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (from 1): doubling from 2 s up to
 * 5 min, spread by a quarter either way so that many failures of one cause don't come back at once.
 * @param jitter in [0, 1)
 */
export function retryDelayMs(failures: number, jitter: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(delay * (1 - SPREAD + jitter * 2 * SPREAD));
}

/**
 * Whether a try that was put off until `retryAtMs` is to be made. One that lies further ahead than any
 * pause reaches was noted before the clock was set back: it is due, else it would wait for that clock.
 */
export function isRetryDue(retryAtMs: number, nowMs: number): boolean {
  return nowMs >= retryAtMs || retryAtMs - nowMs > LONGEST_DELAY_MS * (1 + SPREAD);
}
