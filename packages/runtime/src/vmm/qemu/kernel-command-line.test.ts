import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { kernelCommandLine } from "./kernel-command-line.ts";

test("an emulated guest is told its clock's frequency, one under KVM is not", () => {
  assert.equal(
    kernelCommandLine({ tscKhz: 2_600_000, extra: ["mvm.volume=u,0"] }),
    "console=ttyS0 panic=-1 quiet tsc_early_khz=2600000 tsc=reliable root=/dev/vda ro mvm.volume=u,0",
  );
  assert.equal(kernelCommandLine({ tscKhz: null, extra: [] }), "console=ttyS0 panic=-1 quiet root=/dev/vda ro");
});

test("a parameter that would be two, or none, is refused", () => {
  for (const extra of ["a=1 init=/bin/sh", ""]) {
    assert.throws(
      () => kernelCommandLine({ tscKhz: 1, extra: [extra] }),
      (error) => isMvmError(error, "MVM_INTERNAL"),
    );
  }
});
