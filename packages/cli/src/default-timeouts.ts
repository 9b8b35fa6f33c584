/**
 * How long commands wait for an outcome unless --timeout says otherwise. Apart from the commands'
 * code, because the help names them.
 */
const MINUTE_MS = 60_000;

export const WAIT_TIMEOUT_MS = 15 * MINUTE_MS;
/** Emulated, the first start of all instances takes most of it. */
export const QUICKSTART_TIMEOUT_MS = 60 * MINUTE_MS;
export const QUICKSTART_DOWN_TIMEOUT_MS = 5 * MINUTE_MS;

/** As --timeout takes it: `15m`. */
export function asTyped(timeoutMs: number): string {
  return `${timeoutMs / MINUTE_MS}m`;
}
