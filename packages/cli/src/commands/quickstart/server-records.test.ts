import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { nodeFiles } from "@mvm/core";
import { isMarked, readRecords, writeRecords } from "./server-records.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-records-"));
after(() => rmSync(dir, { recursive: true }));

test("a directory that was never written to is not ours and has no records", async () => {
  assert.equal(await isMarked(nodeFiles, dir), false);
  assert.deepEqual(await readRecords(nodeFiles, dir), {});
});

test("records come back as written; the directory is ours from then on", async () => {
  const records = { agent: { pid: 12, startTicks: 345, build: "abc" } };
  await writeRecords(nodeFiles, dir, records);
  assert.deepEqual(await readRecords(nodeFiles, dir), records);
  assert.equal(await isMarked(nodeFiles, dir), true);
});

for (const text of ["", "{", "[]", '{"servers":{"agent":{"pid":"12"}}}', '{"servers":{"other":{}}}']) {
  test(`'${text}' holds no records`, async () => {
    writeFileSync(join(dir, "quickstart.json"), text);
    assert.deepEqual(await readRecords(nodeFiles, dir), {});
  });
}
