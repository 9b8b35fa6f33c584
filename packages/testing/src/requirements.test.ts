import assert from "node:assert/strict";
import { test } from "node:test";
import { skipReason } from "./requirements.ts";

test("what is missing skips a test with its name and reason, and fails it when it is required", () => {
  const obstacle = "needs QEMU";
  assert.equal(skipReason("qemu", obstacle), "qemu: needs QEMU");
  assert.equal(skipReason("qemu", obstacle, "root,images"), "qemu: needs QEMU");
  assert.throws(() => skipReason("qemu", obstacle, "root,qemu"), /MVM_REQUIRE names qemu: needs QEMU/);
});

test("what is there skips nothing, required or not", () => {
  assert.equal(skipReason("qemu", null), false);
  assert.equal(skipReason("qemu", null, "qemu"), false);
});
