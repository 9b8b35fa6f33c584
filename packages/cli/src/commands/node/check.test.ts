import assert from "node:assert/strict";
import test from "node:test";
import type { NodeCheck } from "@mvm/core";
import { capturedOutput } from "@mvm/testing";
import { printReport } from "./check.ts";

const checks: readonly NodeCheck[] = [
  { name: "kvm", promise: "p", status: "ok", seen: "a kernel booted with it", remedy: null },
  { name: "clock-source", promise: "p", status: "warn", seen: "hpet", remedy: "See dmesg." },
  {
    name: "swap",
    promise: "p",
    status: "missing",
    seen: "/dev/sda2 swaps to a disk in the clear",
    remedy: "swapoff /dev/sda2",
  },
];

test("a report is one line a check, with what mends it below", () => {
  const output = capturedOutput();
  printReport(output, checks);
  assert.equal(
    output.text(),
    [
      "ok       kvm           a kernel booted with it",
      "warn     clock-source  hpet",
      "         promise: p",
      "         → See dmesg.",
      "missing  swap          /dev/sda2 swaps to a disk in the clear",
      "         promise: p",
      "         → swapoff /dev/sda2",
      "",
    ].join("\n"),
  );
});

test("its marks are coloured on a terminal", () => {
  const output = capturedOutput({ showStyles: true });
  printReport(output, checks);
  assert.match(output.text(), /<green>ok<\/green>/);
  assert.match(output.text(), /<yellow>warn<\/yellow>/);
  assert.match(output.text(), /<red>missing<\/red>/);
});

test("on a terminal a long line goes on below its own beginning, in a pipe it stays whole", () => {
  const remedy = "Add memory, or lower [node] reserved_mem_mib in mvm.toml.";
  const short: readonly NodeCheck[] = [{ name: "memory", promise: "p", status: "missing", seen: "0 MiB", remedy }];
  const output = capturedOutput({ terminal: { columns: 40, rows: 24 } });
  printReport(output, short);
  assert.equal(
    output.text(),
    [
      "missing  memory  0 MiB",
      "         promise: p",
      "         → Add memory, or lower [node]",
      "           reserved_mem_mib in mvm.toml.",
      "",
    ].join("\n"),
  );
  const pipe = capturedOutput();
  printReport(pipe, short);
  assert.ok(pipe.text().endsWith(`→ ${remedy}\n`));
});
