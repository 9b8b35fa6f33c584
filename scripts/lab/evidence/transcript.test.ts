import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_COUNTS, type SuiteReport } from "../../suite-report.ts";
import { transcriptText } from "./transcript.ts";

const file = "packages/testing/src/acceptance/production-openclaw.lab.test.ts";
const suite: SuiteReport = {
  name: "lab",
  seconds: 1,
  failed: [],
  files: [file],
  counts: NO_COUNTS,
  skipped: [],
  notes: [
    { file, text: "said to the agent: run: hostname" },
    { file: "packages/x/other.lab.test.ts", text: "a launch: mounts: 0" },
    { file, text: 'it answered: "the tool said: acme-worker-0"' },
  ],
};
const facts = { finishedAt: "2026-01-02T03:04:05.000Z", versions: { Firecracker: "Firecracker v1.15.1" }, suite };

test("what was said stands in the transcript in its order, and nothing of other tests", () => {
  const text = transcriptText(facts) ?? "";
  assert.match(text, /Firecracker v1\.15\.1/);
  assert.deepEqual(
    text.split("\n").filter((line) => line.startsWith("- ")),
    ["- said to the agent: run: hostname", '- it answered: "the tool said: acme-worker-0"'],
  );
});

test("a run that failed, or that left the conversation out, writes none", () => {
  assert.equal(transcriptText({ ...facts, suite: { ...suite, failed: ["tests"] } }), null);
  assert.equal(transcriptText({ ...facts, suite: { ...suite, notes: [] } }), null);
  const skipped = [{ file, test: "a turn", reason: "built-openclaw: not there" }];
  assert.equal(transcriptText({ ...facts, suite: { ...suite, skipped } }), null);
});
