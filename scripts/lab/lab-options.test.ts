import assert from "node:assert/strict";
import { test } from "node:test";

import { readLabOptions } from "./lab-options.ts";

test("options are read, and --down goes alone", () => {
  assert.deepEqual(readLabOptions([]), { keep: false, only: null, down: false });
  assert.deepEqual(readLabOptions(["--keep", "--only", "systemd"]), { keep: true, only: "systemd", down: false });
  assert.deepEqual(readLabOptions(["--down"]), { keep: false, only: null, down: true });
  assert.throws(() => readLabOptions(["--down", "--keep"]), /goes alone/);
  assert.throws(() => readLabOptions(["--only"]), /--only/);
  assert.throws(() => readLabOptions(["systemd"]), /systemd/);
});
