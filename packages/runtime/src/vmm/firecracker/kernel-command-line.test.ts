import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { kernelCommandLine } from "./kernel-command-line.ts";

test("the command line: no serial line, an end by reset, the root that the initrd mounts", () => {
  assert.equal(
    kernelCommandLine(["mvm.volume=0b7e,0"]),
    "reboot=k panic=-1 quiet 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd pci=off swiotlb=noforce root=/dev/vda ro mvm.volume=0b7e,0",
  );
});

test("what is not one parameter, or too long for Firecracker, is refused", () => {
  for (const extra of ["two words", "x".repeat(2_048)])
    assert.throws(
      () => kernelCommandLine([extra]),
      (error) => isMvmError(error, "MVM_INTERNAL"),
      extra.slice(0, 20),
    );
});
