import assert from "node:assert/strict";
import { test } from "node:test";

import { skipReason } from "@mvm/testing";

import { NO_COUNTS, type SuiteReport } from "../../suite-report.ts";
import { noReportBecause, requiredInLab } from "./report-rules.ts";

const whole = { only: null, hasFirecracker: true };
const suite: SuiteReport = {
  name: "lab",
  seconds: 60,
  failed: [],
  files: ["packages/x/a.lab.test.ts"],
  counts: { ...NO_COUNTS, tests: 2, pass: 1, skipped: 1 },
  skipped: [],
  notes: [],
};

const skippedFor = (need: string): SuiteReport => {
  const reason = skipReason(need, "needs more");
  assert.ok(reason !== false);
  return { ...suite, skipped: [{ file: "packages/x/a.lab.test.ts", test: "drives", reason }] };
};

test("inside the lab host no test is skipped for want of what the lab is made with", () => {
  assert.equal(requiredInLab({ hasFirecracker: true }), "root,network,volumes,images,device-mapper,units,firecracker");
  assert.equal(requiredInLab({ hasFirecracker: false }), "root,network,volumes,images,device-mapper,units");
});

test("what the caller requires is required as well, each once", () => {
  assert.equal(
    requiredInLab({ hasFirecracker: false }, "openclaw,root"),
    "root,network,volumes,images,device-mapper,units,openclaw",
  );
});

test("a whole run with Firecracker is reported", () => {
  assert.equal(noReportBecause(whole, suite), null);
});

test("a part, and a run without Firecracker, are not", () => {
  assert.match(noReportBecause({ ...whole, only: "jail" }, suite) ?? "", /part/);
  assert.match(noReportBecause({ ...whole, hasFirecracker: false }, suite) ?? "", /MVM_FIRECRACKER_DIR/);
});

test("a run whose tests were all skipped is not", () => {
  const nothing: SuiteReport = { ...suite, counts: { ...NO_COUNTS, tests: 2, skipped: 2 } };
  assert.match(noReportBecause(whole, nothing) ?? "", /all were skipped/);
  assert.match(noReportBecause(whole, { ...nothing, skippedWhole: "needs root" }) ?? "", /needs root/);
});

test("a skip for want of what the lab has prevents the report, any other does not", () => {
  assert.match(noReportBecause(whole, skippedFor("device-mapper")) ?? "", /want of device-mapper$/);
  assert.match(noReportBecause(whole, skippedFor("firecracker")) ?? "", /want of firecracker$/);
  assert.equal(noReportBecause(whole, skippedFor("openclaw")), null);
});
