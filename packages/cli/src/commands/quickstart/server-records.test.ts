import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { nodeFiles } from "@mvm/core";
import { readRecords, writeRecords } from "./server-records.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-records-"));
after(() => rmSync(dir, { recursive: true }));

test("a directory that was never written to has no records", async () => {
  assert.deepEqual(await readRecords(nodeFiles, dir), {});
});

test("records come back as written", async () => {
  const records = { agent: { pid: 12, startTicks: 345, build: "abc", config: "/q/mvm.toml", meaning: "def" } };
  await writeRecords(nodeFiles, dir, records);
  assert.deepEqual(await readRecords(nodeFiles, dir), records);
});

for (const text of ["", "{", "[]", '{"servers":{"agent":{"pid":"12"}}}', '{"servers":{"other":{}}}']) {
  test(`'${text}' holds no records`, async () => {
    writeFileSync(join(dir, "quickstart.json"), text);
    assert.deepEqual(await readRecords(nodeFiles, dir), {});
  });
}
