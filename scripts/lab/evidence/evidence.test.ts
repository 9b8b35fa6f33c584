import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_COUNTS } from "../../suite-report.ts";
import { type Evidence, evidenceText, vouchedHash } from "./evidence.ts";

const evidence: Evidence = {
  sourcesHash: "a".repeat(64),
  finishedAt: "2026-01-02T03:04:05.000Z",
  versions: { Firecracker: "1.15.1" },
  suite: {
    name: "lab",
    seconds: 61.4,
    failed: [],
    files: ["packages/x/a.lab.test.ts"],
    counts: { ...NO_COUNTS, tests: 3, pass: 2, skipped: 1 },
    skipped: [{ file: "packages/x/a.lab.test.ts", test: "drives", reason: "needs more" }],
    notes: [{ file: "packages/x/a.lab.test.ts", text: "a launch: mounts: 0, at most 0" }],
  },
  outside: [{ name: "a reboot", seconds: 12, failure: null }],
  figures: "FIGURE  MEASURED\nidle    3 %",
};

test("a report says what was run, what was skipped and which sources it vouches for", () => {
  const text = evidenceText(evidence);
  assert.equal(vouchedHash(text), evidence.sourcesHash);
  assert.match(text, /\| Firecracker \| 1\.15\.1 \|/);
  assert.match(text, /3 tests: 2 passed, 0 failed, 1 skipped\./);
  assert.match(text, /- packages\/x\/a\.lab\.test\.ts: drives: needs more/);
  assert.match(text, /- packages\/x\/a\.lab\.test\.ts: a launch: mounts: 0, at most 0\n/);
  assert.match(text, /- a reboot \(12 s\)/);
  assert.match(text, /^FIGURE {2}MEASURED\nidle {4}3 %$/m);
  assert.equal(vouchedHash("driver sources: unknown\n"), null);
});
