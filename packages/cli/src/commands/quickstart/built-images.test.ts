import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { nodeFiles, RevisionId } from "@mvm/core";
import { addBuilt, forgetBuilt, readBuilt } from "./built-images.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-built-"));
after(() => rmSync(base, { recursive: true }));
const [one, two] = [RevisionId.parse("1".repeat(16)), RevisionId.parse("2".repeat(16))];

test("what was built is known, each once, until it is forgotten", async () => {
  const dir = join(base, "images");
  mkdirSync(dir);
  assert.deepEqual(await readBuilt(nodeFiles, dir), []);
  for (const revision of [one, two, one]) await addBuilt(nodeFiles, dir, revision);
  assert.deepEqual(await readBuilt(nodeFiles, dir), [one, two]);
  await forgetBuilt(nodeFiles, dir);
  assert.equal(existsSync(dir), false);
});

test("without a record, nothing is the quickstart's and nothing is removed", async () => {
  const dir = join(base, "others");
  mkdirSync(dir);
  await forgetBuilt(nodeFiles, dir);
  assert.ok(existsSync(dir));
  writeFileSync(join(dir, "built-by-quickstart.json"), '{"revisions":["../x"]}');
  assert.deepEqual(await readBuilt(nodeFiles, dir), []);
});
