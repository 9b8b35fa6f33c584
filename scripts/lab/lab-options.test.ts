import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { readLabOptions, USAGE } from "./lab-options.ts";

test("options are read, and --down goes alone", () => {
  const none = { keep: false, only: null, openclaw: false, down: false, help: false };
  assert.deepEqual(readLabOptions([]), none);
  assert.deepEqual(readLabOptions(["--keep", "--only", "systemd"]), { ...none, keep: true, only: "systemd" });
  assert.deepEqual(readLabOptions(["--openclaw"]), { ...none, openclaw: true });
  assert.deepEqual(readLabOptions(["--down"]), { ...none, down: true });
  assert.deepEqual(readLabOptions(["--help"]), { ...none, help: true });
  assert.throws(() => readLabOptions(["--down", "--keep"]), /goes alone/);
  assert.throws(() => readLabOptions(["--only"]), /--only/);
  assert.throws(() => readLabOptions(["systemd"]), /systemd/);
});

test("the usage names every option, and where Firecracker is taken from", () => {
  const options = Object.keys(readLabOptions([])).filter((name) => name !== "help");
  for (const word of [...options.map((name) => `--${name}`), "MVM_FIRECRACKER_DIR"])
    assert.ok(USAGE.includes(word), word);
});

test("--help is an answer, on stdout and without a host that could run the lab", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "lab.ts"), "--help"], {
    encoding: "utf8",
    env: {},
  });
  assert.deepEqual([status, stdout, stderr], [0, USAGE, ""]);
});
