/**
 * A mistake in a TOML file with its place, and the error that carries all of them at once.
 *
 * Made while config and fleet files are read; printed by the CLI, one problem a line.
 */
import * as z from "zod";
import type { ErrorCode } from "../errors/catalogue.ts";
import { MvmError, type MvmErrorFields } from "../errors/mvm-error.ts";

/** Keys and indexes from the file's root. */
export type KeyPath = readonly (string | number)[];

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export const Problem = z.object({
  /** The file as it is shown to people. */
  file: z.string(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  /** Such as `tenants[1].pools[0].role`; empty for the file itself. */
  path: z.string(),
  message: z.string(),
});
export type Problem = z.infer<typeof Problem>;

/** `file:line:column: message`, the form that editors and terminals link. */
export function problemLine(problem: Problem): string {
  const place = problem.line === null ? "" : `:${problem.line}:${problem.column ?? 1}`;
  return `${problem.file}${place}: ${problem.message}`;
}

/** One error for problems of one reading, in the order of their places. */
export function problemsError(
  code: ErrorCode,
  problems: readonly Problem[],
  fields: Partial<MvmErrorFields> = {},
): MvmError {
  const sorted = [...problems].sort(
    (a, b) => a.file.localeCompare(b.file, "en") || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  const [first] = sorted;
  const line = first === undefined ? "" : problemLine(first);
  const message = sorted.length === 1 ? line : `${sorted.length} problems, the first at ${line}`;
  return new MvmError(code, { ...fields, message, details: { ...fields.details, problems: sorted } });
}

/** The problems that an error of `problemsError` carries; empty for any other error. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (!(error instanceof MvmError)) return [];
  const decoded = z.array(Problem).safeParse(error.details["problems"]);
  return decoded.success ? decoded.data : [];
}

/** `tenants[1].pools[0].role`; keys that are not bare TOML keys are quoted. */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const key = /^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step);
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** The reverse of `pathText` for paths of bare keys; null for anything else. */
export function parsePathText(text: string): KeyPath | null {
  if (!/^[A-Za-z0-9_-]+(?:\[\d+\]|\.[A-Za-z0-9_-]+)*$/.test(text)) return null;
  return (text.match(/[A-Za-z0-9_-]+(?![A-Za-z0-9_\]-])|\[\d+\]/g) ?? []).map((step) =>
    step.startsWith("[") ? Number(step.slice(1, -1)) : step,
  );
}
