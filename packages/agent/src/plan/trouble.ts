/**
 * Something that failed outside any operation that the journal holds: it is counted while it lasts,
 * tried again with backoff, and told in status as a condition. Pure; time and jitter are given.
 */
import { isoTime, isMvmError, messageOf, MvmError, type Condition, type ErrorCode } from "@mvm/core";
import { retryDelayMs } from "./backoff.ts";

export interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** When the first of these failures was. */
  readonly sinceMs: number;
  /** Failures in a row, from 1. */
  readonly attempts: number;
  readonly retryAtMs: number;
}

/** @param before the trouble that this failure goes on with; `jitter` in [0, 1) */
export function troubleOf(
  error: unknown,
  { before, nowMs, jitter }: { readonly before: Trouble | null; readonly nowMs: number; readonly jitter: number },
): Trouble {
  const known = isMvmError(error) ? error : new MvmError("MVM_INTERNAL", { message: messageOf(error), cause: error });
  const attempts = (before?.attempts ?? 0) + 1;
  return {
    code: known.code,
    message: known.message,
    remedy: known.remedy,
    sinceMs: before?.sinceMs ?? nowMs,
    attempts,
    retryAtMs: nowMs + retryDelayMs(attempts, jitter),
  };
}

export function troubleCondition({ code, message, remedy, sinceMs, attempts, retryAtMs }: Trouble): Condition {
  return {
    code,
    severity: "failure",
    message,
    remedy,
    since: isoTime(sinceMs),
    attempts,
    retry_at: isoTime(retryAtMs),
  };
}
