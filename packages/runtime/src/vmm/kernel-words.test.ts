import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { kernelLine } from "./kernel-words.ts";

test("words become one line in their order", () => {
  assert.equal(kernelLine(["quiet", "root=/dev/vda", "mvm.volume=u,0"]), "quiet root=/dev/vda mvm.volume=u,0");
});

test("a word that would be two parameters, or none, is refused", () => {
  for (const word of ["a=1 init=/bin/sh", "", "a\nb", "é"])
    assert.throws(
      () => kernelLine(["quiet", word]),
      (error) => isMvmError(error, "MVM_INTERNAL"),
      word,
    );
});
