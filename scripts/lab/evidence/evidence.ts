/**
 * The lab's report: text of docs/evidence/lab.md, and what a check reads back from it. Pure.
 *
 * Written only after a whole run with Firecracker in which nothing failed: a report says what was
 * seen, not what was meant.
 */
import type { SuiteReport } from "../../suite-report.ts";

export const EVIDENCE_PATH = "docs/evidence/lab.md";

export interface OutsideOutcome {
  readonly name: string;
  readonly seconds: number;
  /** Why it failed; null when it did not. */
  readonly failure: string | null;
}

export interface Evidence {
  readonly sourcesHash: string;
  /** ISO 8601. */
  readonly finishedAt: string;
  /** Name and version of whatever took part, as each says it itself. */
  readonly versions: Readonly<Record<string, string>>;
  readonly suite: SuiteReport;
  readonly outside: readonly OutsideOutcome[];
  /** The table of bench/, as it prints it. */
  readonly figures: string;
}

export function evidenceText({ sourcesHash, finishedAt, versions, suite, outside, figures }: Evidence): string {
  const { tests, pass, fail, skipped } = suite.counts;
  return [
    "# What the lab showed",
    "",
    "Written by `npm run lab`, never by hand: see [lab.md](../lab.md). It holds for the sources with this hash only.",
    "",
    `driver sources: sha256:${sourcesHash}`,
    "",
    `Finished at ${finishedAt}, after ${Math.round(suite.seconds)} s inside the lab host.`,
    "",
    "| took part | version |",
    "|---|---|",
    ...Object.entries(versions).map(([name, version]) => `| ${name} | ${version} |`),
    "",
    "## Inside the lab host",
    "",
    `${tests} tests: ${pass} passed, ${fail} failed, ${skipped} skipped.`,
    ...suite.files.map((file) => `- ${file}`),
    "",
    "## What tests counted and found",
    "",
    ...(suite.notes.length === 0 ? ["Nothing."] : suite.notes.map(({ file, text }) => `- ${file}: ${text}`)),
    "",
    "## Driven from outside",
    "",
    ...outside.map(({ name, seconds }) => `- ${name} (${Math.round(seconds)} s)`),
    "",
    "## Figures",
    "",
    "```",
    figures,
    "```",
    "",
    "## Skipped",
    "",
    ...(suite.skipped.length === 0
      ? ["Nothing."]
      : suite.skipped.map(({ file, test, reason }) => `- ${file}: ${test}: ${reason}`)),
    "",
  ].join("\n");
}

/** The hash that a report vouches for; null when the text is none. */
export function vouchedHash(report: string): string | null {
  return /^driver sources: sha256:([0-9a-f]{64})$/m.exec(report)?.[1] ?? null;
}
