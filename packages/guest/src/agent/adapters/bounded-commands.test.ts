import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedCommands } from "./bounded-commands.ts";

const run = (
  argv: readonly [string, ...string[]],
  bounds: { timeoutMs?: number; maxOutputBytes?: number; maxLines?: number } = {},
) => boundedCommands.run({ argv, timeoutMs: 5000, maxOutputBytes: 1024, ...bounds });

test("output, exit code and standard error of a command", async () => {
  assert.deepEqual(await run(["sh", "-c", "echo out; echo err >&2; exit 3"]), {
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
    truncated: false,
  });
});

test("a command that never ends its output is killed at the bound, in bytes or in lines", async () => {
  const bytes = await run(["yes"], { maxOutputBytes: 1000 });
  assert.deepEqual([bytes.stdout.length, bytes.truncated, bytes.code], [1000, true, null]);
  const lines = await run(["yes"], { maxOutputBytes: 1 << 20, maxLines: 10 });
  assert.ok(lines.truncated && lines.code === null);
});

test("a command that hangs is killed at its deadline; a missing program is an outcome too", async () => {
  assert.equal((await run(["sleep", "60"], { timeoutMs: 50 })).code, null);
  const missing = await run(["no-such-program"]);
  assert.deepEqual([missing.code, /ENOENT/.test(missing.stderr)], [null, true]);
});
