/**
 * Runs test files with Node's test runner and reports them in its `spec` form.
 *
 * Called by scripts/test.ts. The runner's closing counts are kept back and returned instead, so
 * that several suites end in one set of counts; skipped tests are returned with their reasons.
 */
import { once } from "node:events";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";

import * as z from "zod";

import { COUNTS, type Counts, NO_COUNTS, type SkippedTest, type TestNote } from "./suite-report.ts";
import type { TestStep } from "./suites.ts";

export interface TestOutcome {
  readonly counts: Counts;
  readonly skipped: readonly SkippedTest[];
  readonly notes: readonly TestNote[];
}

/** The runner's own counts; its type declarations lack `failed`. */
const summaryCounts = z
  .object({
    tests: z.int(),
    suites: z.int(),
    passed: z.int(),
    failed: z.int(),
    cancelled: z.int(),
    skipped: z.int(),
    todo: z.int(),
  })
  .transform(({ passed, failed, ...others }): Counts => ({ ...others, pass: passed, fail: failed }));

const CLOSING_COUNT = new RegExp(`^(${COUNTS.join("|")}|duration_ms) [\\d.]+$`);

function isClosingCount(event: TestEvent): boolean {
  return event.type === "test:diagnostic" && event.data.nesting === 0 && CLOSING_COUNT.test(event.data.message);
}

/** The skipped test or suite that an event tells of, if it does. */
function skippedBy(event: TestEvent): SkippedTest | undefined {
  if (event.type !== "test:pass") return undefined;
  const { skip, file = "", name } = event.data;
  if (skip === undefined || skip === false) return undefined;
  return { file, test: name, reason: skip === true || skip === "" ? "no reason given" : skip };
}

/** What a test said, if the event is that; what the runner says by itself has no file. */
function noteOf(event: TestEvent): TestNote | undefined {
  if (event.type !== "test:diagnostic" || event.data.file === undefined) return undefined;
  return { file: event.data.file, text: event.data.message };
}

/** Runs the files of `step`, printing to standard output as it goes; never throws for a failing test. */
export async function runTestFiles(step: TestStep, root: string): Promise<TestOutcome> {
  const { files, concurrency, timeoutMs: timeout } = step;
  const reporter = new spec();
  reporter.pipe(process.stdout, { end: false });

  let counts = NO_COUNTS;
  const skipped: SkippedTest[] = [];
  const notes: TestNote[] = [];
  const events: AsyncIterable<TestEvent> = run({ files: [...files], cwd: root, concurrency, timeout });
  for await (const event of events) {
    // Without a file it is the summary of all files.
    if (event.type === "test:summary" && event.data.file === undefined) counts = summaryCounts.parse(event.data.counts);
    const skip = skippedBy(event);
    if (skip !== undefined) skipped.push(skip);
    const note = noteOf(event);
    if (note !== undefined) notes.push(note);
    if (!isClosingCount(event)) reporter.write(event);
  }
  reporter.end();
  await once(reporter, "end");
  return { counts, skipped, notes };
}
