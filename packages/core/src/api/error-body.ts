/**
 * An MvmError on its way through HTTP: the server's body and status, and the client's way back to
 * the same error. Used by every server and client of the project.
 */
import * as z from "zod";
import { catalogue, type ErrorCode, type ExitCode } from "../errors/catalogue.ts";
import { isMvmError, messageOf, MvmError } from "../errors/mvm-error.ts";

const RetryBody = z.union([z.literal("never"), z.literal("backoff"), z.strictObject({ afterMs: z.number().min(0) })]);

/** The body of every answer that is not a success. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.string().max(100),
    message: z.string().max(100_000),
    remedy: z.string().max(10_000),
    details: z.record(z.string(), z.unknown()),
    retry: RetryBody,
  }),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

const statusOfExit: Readonly<Record<ExitCode, number>> = { 1: 500, 2: 400, 3: 409, 4: 404, 5: 503, 6: 501 };

/** The HTTP status of an error, by its exit code; 500 for what is not catalogued. */
export function httpStatusOf(error: unknown): number {
  return isMvmError(error) ? statusOfExit[catalogue[error.code].exit] : 500;
}

/** The body that carries an error. What is not an MvmError becomes MVM_INTERNAL without its stack. */
export function errorBody(error: unknown): ErrorBody {
  const known = isMvmError(error) ? error : new MvmError("MVM_INTERNAL", { message: messageOf(error) });
  return { error: { ...known.toJSON(), details: { ...known.details }, retry: known.retry } };
}

/**
 * The error that a server's answer stands for: the same code, message, remedy, details and retry.
 * A body that is none, or a code of a newer version, becomes MVM_API_REFUSED.
 */
export function errorFromBody(status: number, body: unknown): MvmError {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success)
    return new MvmError("MVM_API_REFUSED", {
      message: `the server answered ${status} without an error that can be read`,
      details: { status },
    });
  const { code, ...fields } = parsed.data.error;
  if (!isErrorCode(code)) {
    return new MvmError("MVM_API_REFUSED", {
      message: `the server answered with the unknown error ${code}: ${fields.message}`,
      details: { status, code, ...fields.details },
    });
  }
  return new MvmError(code, fields);
}

/** Whether this version knows the code. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code);
}
