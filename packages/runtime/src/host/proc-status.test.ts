import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { parseProcStat, parseProcStatus } from "./proc-status.ts";

test("a process's name may hold spaces and parentheses", () => {
  const fields = Array.from({ length: 49 }, (_, index) => String(index + 4));
  assert.deepEqual(parseProcStat(`42 (a) S (b) c) Z ${fields.join(" ")}\n`), { state: "Z", startTicks: 22 });
});

test("the kernel's own files can be read", () => {
  assert.equal(parseProcStat(readFileSync("/proc/self/stat", "utf8")).state, "R");
  const status = parseProcStatus(readFileSync("/proc/self/status", "utf8"));
  assert.equal(status.uids[0], process.getuid?.());
  assert.ok(status.rssBytes > 1024 * 1024);
});

test("a confined process", () => {
  const text =
    "Name:\tqemu\nUid:\t9\t9\t9\t9\nGid:\t8\t8\t8\t8\nGroups:\t \nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
  assert.deepEqual(parseProcStatus(text), {
    uids: [9, 9, 9, 9],
    gids: [8, 8, 8, 8],
    groups: [],
    capEffective: "0000000000000000",
    capPermitted: "0000000000000000",
    noNewPrivs: true,
    seccomp: 2,
    rssBytes: 0,
  });
});

test("a missing field is an error, not a default", () => {
  assert.throws(
    () => parseProcStatus("Name:\tx\nUid:\t0\t0\t0\t0\n"),
    (error) => isMvmError(error, "MVM_INTERNAL"),
  );
  assert.throws(
    () => parseProcStat("garbage"),
    (error) => isMvmError(error, "MVM_INTERNAL"),
  );
});
