import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { claimDirectory, isOwn, removeOwn } from "./own-directory.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-own-"));
after(() => rmSync(base, { recursive: true }));
const at = (name: string): string => join(base, name);

test("a missing or empty directory is made ours, and stays ours", async () => {
  mkdirSync(at("empty"));
  for (const name of ["missing", "empty"]) {
    await claimDirectory(nodeFiles, at(name), "whose");
    writeFileSync(join(at(name), "state"), "");
    await claimDirectory(nodeFiles, at(name), "whose");
    assert.equal(await isOwn(nodeFiles, at(name)), true);
    await removeOwn(nodeFiles, at(name));
    assert.equal(existsSync(at(name)), false);
  }
});

test("a directory with anything in it is neither taken nor removed", async () => {
  mkdirSync(at("foreign"));
  writeFileSync(at("foreign/precious"), "");
  await assert.rejects(
    claimDirectory(nodeFiles, at("foreign"), "whose"),
    (error) => isMvmError(error, "MVM_CONFIG_EXISTS") && error.message.includes(at("foreign")),
  );
  await removeOwn(nodeFiles, at("foreign"));
  assert.ok(existsSync(at("foreign/precious")));
});
