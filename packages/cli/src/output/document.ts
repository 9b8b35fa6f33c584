/** The one JSON document that a command prints with --json, and the choice between it and text. */
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";
import type { ConfigFacts } from "../session.ts";

export const DOCUMENT_VERSION = 1;

export interface Result {
  /** The config in use, when the command read one. */
  readonly config?: ConfigFacts;
  /** Members of the JSON document; snake_case, as on the wire. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Prints the same for people. */
  readonly text: () => void;
}

/** Prints a command's result in the form that was asked for. */
export function printResult(context: CliContext, input: CommandInput, result: Result): void {
  if (!input.flag("json")) {
    result.text();
    return;
  }
  const config = result.config === undefined ? {} : { config: result.config };
  context.stdout.write(
    `${JSON.stringify({ schema_version: DOCUMENT_VERSION, ...config, ...result.document }, null, 2)}\n`,
  );
}
