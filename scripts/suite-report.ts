/**
 * What a run of a suite came to: counts, what was skipped, what tests said, what failed. Made by test.ts, added up
 * for its closing lines, and handed over as JSON to whoever ran it in another machine.
 */
import * as z from "zod";

export const COUNTS = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;

const Counts = z.record(z.enum(COUNTS), z.int());
export type Counts = Readonly<z.infer<typeof Counts>>;

const SkippedTest = z.object({ file: z.string(), test: z.string(), reason: z.string() }).readonly();
export type SkippedTest = z.infer<typeof SkippedTest>;

/** A line that a test gave its context's `diagnostic`: a figure, a finding. */
const TestNote = z.object({ file: z.string(), text: z.string() }).readonly();
export type TestNote = z.infer<typeof TestNote>;

export const SuiteReport = z
  .object({
    name: z.string(),
    seconds: z.number(),
    /** Names of the failed steps; empty when all is well. */
    failed: z.array(z.string()).readonly(),
    /** Test files that were run, relative to the clone. */
    files: z.array(z.string()).readonly(),
    counts: Counts,
    skipped: z.array(SkippedTest).readonly(),
    notes: z.array(TestNote).readonly(),
    /** Why the suite did not run at all. */
    skippedWhole: z.string().optional(),
  })
  .readonly();
export type SuiteReport = z.infer<typeof SuiteReport>;

export const NO_COUNTS: Counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<keyof Counts, number> = { ...NO_COUNTS };
  for (const key of COUNTS) sum[key] = a[key] + b[key];
  return sum;
}
