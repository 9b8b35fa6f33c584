/**
 * The one printer of errors: code, message, the places of mistakes in files, causes, and what to do.
 * With --json the same as one JSON document on standard error.
 */
import { stripVTControlCharacters } from "node:util";
import { isMvmError, messageOf, MvmError, problemLine, problemsOf } from "@mvm/core";
import type { Output } from "../context.ts";

const MAX_CAUSES = 5;
const MAX_TOOL_LINES = 8;
/** Errors of parsers: what they found stands in the message already, in better words. */
const PARSER_ERRORS: ReadonlySet<string> = new Set(["ZodError", "$ZodError"]);

export function printError(output: Output, error: unknown, json: boolean): void {
  const known = isMvmError(error) ? error : internal(error);
  if (json) {
    output.write(`${JSON.stringify({ ...known.toJSON(), causes: causesOf(known) })}\n`);
    return;
  }
  const problems = problemsOf(known);
  const headline = problems.length > 1 ? `${problems.length} problems` : known.message;
  const lines = [`${output.style("red", "error:")} ${headline} ${output.style("dim", `[${known.code}]`)}`];
  if (problems.length > 1) lines.push(...problems.map((problem) => `  ${problemLine(problem)}`));
  lines.push(...causesOf(known).map((cause) => `  ${output.style("dim", "because:")} ${cause}`));
  lines.push(...toolOutputOf(known).map((line) => `    ${output.style("dim", "|")} ${line}`));
  lines.push(`  ${output.style("cyan", "→")} ${known.remedy}`);
  output.write(`${lines.join("\n")}\n`);
}

/** Messages of the causes, outermost first; a cause that only repeats is left out. */
function causesOf(error: MvmError): readonly string[] {
  const causes: string[] = [];
  for (
    let cause = error.cause;
    cause !== undefined && causes.length < MAX_CAUSES;
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    const [message = ""] = messageOf(cause).split("\n\n");
    if (cause instanceof Error && PARSER_ERRORS.has(cause.name)) continue;
    if (message !== "" && !error.message.includes(message) && !causes.includes(message)) causes.push(message);
  }
  return causes;
}

/** The end of what a failed tool printed, without control characters. */
function toolOutputOf({ details }: MvmError): readonly string[] {
  const { stderr } = details;
  if (typeof stderr !== "string") return [];
  const printable = stripVTControlCharacters(stderr).replaceAll(/[^\P{Cc}\n\t]/gu, "");
  return printable.trimEnd().split("\n").slice(-MAX_TOOL_LINES);
}

/** What nobody foresaw: its stack is all that helps. */
function internal(error: unknown): MvmError {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return new MvmError("MVM_INTERNAL", { message: `unexpected: ${messageOf(error)}`, cause: error, details: { stack } });
}
