import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeFiles } from "@mvm/core";
import { logTail, rotateLog } from "./server-logs.ts";

const LARGE = "x".repeat(99).concat("\n").repeat(20_000);

async function inDirectory(body: (dir: string, log: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "mvm-logs-"));
  try {
    await body(dir, join(dir, "agent.log"));
  } finally {
    await rm(dir, { recursive: true });
  }
}

test("the last lines of a log are shown however large it is", async () => {
  await inDirectory(async (_, log) => {
    assert.deepEqual(await logTail(nodeFiles, log), [""]);
    await writeFile(log, `${LARGE}${Array.from({ length: 20 }, (__, line) => `line ${line}\n`).join("")}`);
    const tail = await logTail(nodeFiles, log);
    assert.deepEqual([tail.length, tail[0], tail.at(-1)], [12, "line 8", "line 19"]);
  });
});

test("a log that has grown is put aside at a start, in place of the one before it; a small one goes on", async () => {
  await inDirectory(async (dir, log) => {
    await rotateLog(nodeFiles, log);
    await writeFile(log, "small");
    await rotateLog(nodeFiles, log);
    assert.deepEqual(await readdir(dir), ["agent.log"]);
    await writeFile(`${log}.1`, "older");
    await writeFile(log, LARGE);
    await rotateLog(nodeFiles, log);
    assert.deepEqual(await readdir(dir), ["agent.log.1"]);
    assert.equal((await nodeFiles.stat(`${log}.1`))?.sizeBytes, LARGE.length);
  });
});
