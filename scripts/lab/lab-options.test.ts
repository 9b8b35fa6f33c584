import assert from "node:assert/strict";
import { test } from "node:test";

import { readLabOptions } from "./lab-options.ts";

test("options are read, and --down goes alone", () => {
  const none = { keep: false, only: null, openclaw: false, down: false };
  assert.deepEqual(readLabOptions([]), none);
  assert.deepEqual(readLabOptions(["--keep", "--only", "systemd"]), { ...none, keep: true, only: "systemd" });
  assert.deepEqual(readLabOptions(["--openclaw"]), { ...none, openclaw: true });
  assert.deepEqual(readLabOptions(["--down"]), { ...none, down: true });
  assert.throws(() => readLabOptions(["--down", "--keep"]), /goes alone/);
  assert.throws(() => readLabOptions(["--only"]), /--only/);
  assert.throws(() => readLabOptions(["systemd"]), /systemd/);
});
