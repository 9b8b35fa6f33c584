/** Generates the reference of error codes from core's catalogue. */
import { catalogue } from "@mvm/core";

const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: "done",
  1: "failed",
  2: "usage or configuration",
  3: "refused by state or policy",
  4: "not found",
  5: "unavailable",
  6: "unsupported host",
  130: "interrupted (SIGINT): what a server was asked for goes on",
  143: "ended (SIGTERM): what a server was asked for goes on",
};

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const lines = [
    "# Errors",
    "",
    "<!-- Generated from packages/core/src/errors/catalogue.ts by `npm run generate`. -->",
    "",
    "Every error has a permanent code. With `--json` it is printed on stderr as",
    "`{code, message, remedy, details, causes}`.",
    "",
    "| exit code | meaning |",
    "|---|---|",
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    "",
    "| code | exit | what it says | what to do |",
    "|---|---|---|---|",
    ...Object.entries(catalogue).map(
      ([code, { exit, summary, remedy }]) => `| \`${code}\` | ${exit} | ${summary} | ${remedy} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
