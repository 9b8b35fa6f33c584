import assert from "node:assert/strict";
import { test } from "node:test";
import { tscKhzFromCpuinfo, tscKhzFromKernelLog } from "./tsc-frequency.ts";

const log = [
  "[    0.000071] tsc: Detected 2600.000 MHz processor",
  "[    0.000072] tsc: Detected 2593.905 MHz TSC",
  "[    1.369742] tsc: Refined TSC clocksource calibration: 2593.992 MHz",
];

test("the kernel's most exact line counts", () => {
  assert.equal(tscKhzFromKernelLog(log.join("\n")), 2_593_992);
  assert.equal(tscKhzFromKernelLog(log.slice(0, 2).join("\n")), 2_593_905);
  assert.equal(tscKhzFromKernelLog(log[0] ?? ""), 2_600_000);
});

test("a log without such a line tells nothing", () => {
  assert.equal(tscKhzFromKernelLog("[ 0.1] TSC deadline timer available\n"), null);
  assert.equal(tscKhzFromKernelLog(""), null);
});

test("cpuinfo tells only a rate that is constant", () => {
  const cpuinfo = (flags: string) =>
    `processor\t: 0\ncpu MHz\t\t: 2600.000\nflags\t\t: ${flags}\n\nprocessor\t: 1\ncpu MHz\t\t: 1200.500\n`;
  assert.equal(tscKhzFromCpuinfo(cpuinfo("fpu tsc constant_tsc")), 2_600_000);
  assert.equal(tscKhzFromCpuinfo(cpuinfo("fpu tsc")), null);
  assert.equal(
    tscKhzFromCpuinfo(cpuinfo("fpu tsc constant_tsc aperfmperf")),
    null,
    "the kernel prints the current speed there",
  );
  assert.equal(tscKhzFromCpuinfo(""), null);
});
