import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { NO_COUNTS } from "../suite-report.ts";
import { driverSources, driverSourcesHash } from "./driver-sources.ts";
import { EVIDENCE_PATH, type Evidence, evidenceText, vouchedHash } from "./evidence.ts";

const root = join(import.meta.dirname, "../..");
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
  },
  outside: [{ name: "a reboot", seconds: 12, failure: null }],
};

test("a report says what was run, what was skipped and which sources it vouches for", () => {
  const text = evidenceText(evidence);
  assert.equal(vouchedHash(text), evidence.sourcesHash);
  assert.match(text, /\| Firecracker \| 1\.15\.1 \|/);
  assert.match(text, /3 tests: 2 passed, 0 failed, 1 skipped\./);
  assert.match(text, /- packages\/x\/a\.lab\.test\.ts: drives: needs more/);
  assert.match(text, /- a reboot \(12 s\)/);
  assert.equal(vouchedHash("driver sources: unknown\n"), null);
});

test("the sources that a report vouches for are there, and no test among them", () => {
  const sources = driverSources(root);
  for (const part of ["vmm/driver.ts", "vmm/firecracker/", "volumes/", "host/processes.ts", "systemd-units.ts"])
    assert.ok(
      sources.some((path) => path.includes(part)),
      `none of the sources is ${part}`,
    );
  assert.ok(!sources.some((path) => path.endsWith(".test.ts")));
});

test("the report is of these very sources", () => {
  const report = readFileSync(join(root, EVIDENCE_PATH), "utf8");
  assert.equal(
    vouchedHash(report),
    driverSourcesHash(root),
    "what confines VMs has changed since the lab saw it: MVM_FIRECRACKER_DIR=… npm run lab",
  );
});
