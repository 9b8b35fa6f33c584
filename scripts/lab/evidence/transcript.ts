/**
 * What was said between a client and an OpenClaw gateway in the lab: text of docs/evidence/openclaw.md. Pure.
 *
 * Of the diagnostics of the one acceptance test, in their order; written whenever that test ran and passed.
 */
import type { SuiteReport } from "../../suite-report.ts";

export const TRANSCRIPT_PATH = "docs/evidence/openclaw.md";
const ACCEPTANCE = "production-openclaw.lab.test.ts";

export interface TranscriptFacts {
  /** ISO 8601. */
  readonly finishedAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly suite: SuiteReport;
}

/** Null when the suite did not get through that test. */
export function transcriptText({ finishedAt, versions, suite }: TranscriptFacts): string | null {
  const isOfIt = ({ file }: { readonly file: string }): boolean => file.endsWith(`/${ACCEPTANCE}`);
  const lines = suite.notes.filter(isOfIt);
  if (suite.failed.length > 0 || suite.skipped.some(isOfIt) || lines.length === 0) return null;
  return [
    "# OpenClaw in production mode, in the lab",
    "",
    "Written by `npm run lab -- --openclaw`, never by hand: see [lab.md](../lab.md). A gateway and its worker, each a VM",
    "under Firecracker and its jailer, in a lab host that is emulated itself: what takes seconds on a real machine takes",
    "minutes here. The model is a stand-in that asks for the tool it is told to.",
    "",
    `Finished at ${finishedAt}. Firecracker: ${versions["Firecracker"] ?? "unknown"}; mvm: ${versions["mvm"] ?? "unknown"}.`,
    "",
    ...lines.map(({ text }) => `- ${text}`),
    "",
  ].join("\n");
}
