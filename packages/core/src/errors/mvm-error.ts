/**
 * The one error type of the project.
 *
 * Thrown by every package; printed by one printer (cli) and mapped to one exit code
 * (`exitCodeOf`). The message is the failed action with the offending value, the remedy the next
 * command or edit; the cause is linked, never pasted. Never put a secret into any field.
 */
import { catalogue, type ErrorCode } from "./catalogue.ts";

/** When a caller may try again: never by itself, with backoff, or after a known time in milliseconds. */
export type Retry = "never" | "backoff" | { readonly afterMs: number };

export interface MvmErrorFields {
  /** The failed action plus the offending value, one sentence without a final stop. */
  readonly message: string;
  /** The next command or edit; defaults to the catalogue's. */
  readonly remedy?: string;
  readonly cause?: unknown;
  readonly retry?: Retry;
  /** Machine-readable facts for `--json`: ids, paths, places, limits. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class MvmError extends Error {
  override readonly name = "MvmError";
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly retry: Retry;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, fields: MvmErrorFields) {
    super(fields.message, fields.cause === undefined ? {} : { cause: fields.cause });
    this.code = code;
    this.remedy = fields.remedy ?? catalogue[code].remedy;
    this.retry = fields.retry ?? "never";
    this.details = fields.details ?? {};
  }

  /** The wire form, also the `--json` form on stderr. */
  toJSON(): { code: ErrorCode; message: string; remedy: string; details: Readonly<Record<string, unknown>> } {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }
}

/** The same error told otherwise: what `change` does not name stays, its details come to those there are. */
export function retold(error: MvmError, change: Partial<MvmErrorFields>): MvmError {
  const { code, message, remedy, cause, retry, details } = error;
  return new MvmError(code, { message, remedy, cause, retry, ...change, details: { ...details, ...change.details } });
}

/** Whether `error` is an MvmError (of `code`, when given). */
export function isMvmError(error: unknown, code?: ErrorCode): error is MvmError {
  return error instanceof MvmError && (code === undefined || error.code === code);
}

/** The process exit code of an error: its catalogue entry's, or 1 for anything uncatalogued. */
export function exitCodeOf(error: unknown): number {
  return isMvmError(error) ? catalogue[error.code].exit : 1;
}

/** The human-readable message of anything thrown, for `cause` lines and logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
