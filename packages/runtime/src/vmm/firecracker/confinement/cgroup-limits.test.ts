import assert from "node:assert/strict";
import { test } from "node:test";
import { isInForce, limitFiles } from "./cgroup-limits.ts";

test("limits of a VM without limits of its type: its processors, its memory and what the VMM needs", () => {
  assert.deepEqual(limitFiles({ vcpus: 2, memMib: 512 }, "254:3"), [
    { file: "memory.max", value: String(548 * 1024 * 1024) },
    { file: "memory.swap.max", value: "0" },
    { file: "memory.oom.group", value: "1" },
    { file: "cpu.max", value: "200000 100000" },
    { file: "pids.max", value: "8" },
  ]);
});

test("the type's limits stand in cpu.max and io.max", () => {
  const limits = { cpuPercent: 150, diskBytesPerSecond: 1_048_576, diskOpsPerSecond: 500 };
  const files = limitFiles({ vcpus: 2, memMib: 128, limits }, "254:3");
  const valueOf = (name: string): string | undefined => files.find(({ file }) => file === name)?.value;
  assert.equal(valueOf("cpu.max"), "150000 100000");
  assert.equal(valueOf("io.max"), "254:3 rbps=1048576 wbps=1048576 riops=500 wiops=500");
  const opsOnly = limitFiles({ vcpus: 1, memMib: 128, limits: { diskOpsPerSecond: 9 } }, "7:0");
  assert.equal(opsOnly.find(({ file }) => file === "io.max")?.value, "7:0 rbps=max wbps=max riops=9 wiops=9");
  assert.ok(!limitFiles({ vcpus: 1, memMib: 128, limits }, null).some(({ file }) => file === "io.max"));
});

test("a limit is in force when the kernel says the same, io.max on any of its lines", () => {
  const io = { file: "io.max", value: "254:3 rbps=1 wbps=1 riops=max wiops=max" };
  assert.ok(isInForce(io, `8:0 rbps=9 wbps=9 riops=max wiops=max\n${io.value}\n`));
  assert.ok(!isInForce(io, "254:3 rbps=max wbps=1 riops=max wiops=max\n"));
  assert.ok(isInForce({ file: "pids.max", value: "8" }, "8\n"));
  assert.ok(!isInForce({ file: "pids.max", value: "8" }, "max\n"));
});
