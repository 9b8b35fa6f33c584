import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { isMvmError } from "../errors/mvm-error.ts";
import { nodeFiles } from "../node/files.ts";
import { readSourceFile, shownPath } from "./source-file.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-source-"));
after(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);
writeFileSync(at("good"), "ä = 1\n");
symlinkSync(at("good"), at("link-to-good"));

const refused: readonly { name: string; make: (path: string) => void; reason: RegExp }[] = [
  { name: "a directory", make: (path) => mkdirSync(path), reason: /it is a directory/ },
  { name: "a link to a directory", make: (path) => symlinkSync(dir, path), reason: /it is a directory/ },
  { name: "a link to nothing", make: (path) => symlinkSync("/nonexistent", path), reason: /symbolic link to nothing/ },
  { name: "a link to itself", make: (path) => symlinkSync(path, path), reason: /circle/ },
  { name: "10 MB", make: (path) => writeFileSync(path, "#".repeat(10_000_000)), reason: /larger than 1 MiB/ },
  { name: "a byte-order mark", make: (path) => writeFileSync(path, "\uFEFFa = 1"), reason: /byte-order mark/ },
  {
    name: "invalid UTF-8",
    make: (path) => writeFileSync(path, Buffer.from([0x61, 0x0a, 0xc3, 0xa4, 0x0a, 0xc3, 0x28])),
    reason: /not UTF-8 at line 3/,
  },
  {
    name: "cut UTF-8",
    make: (path) => writeFileSync(path, Buffer.from([0x61, 0x0a, 0xc3])),
    reason: /not UTF-8 at line 2/,
  },
];

for (const { name, make, reason } of refused) {
  test(`${name} is refused with the reason`, async () => {
    const path = at(name.replaceAll(" ", "-"));
    make(path);
    await assert.rejects(readSourceFile(nodeFiles, path, "./shown"), (error) => {
      assert.ok(isMvmError(error, "MVM_CONFIG_UNREADABLE"));
      assert.match(error.message, /^can't read \.\/shown: /);
      assert.match(error.message, reason);
      return true;
    });
  });
}

test("what the system refuses to a reader is said in words", async () => {
  const refuse = () => Promise.reject(Object.assign(new Error("EACCES: permission denied, open"), { code: "EACCES" }));
  await assert.rejects(readSourceFile({ ...nodeFiles, read: refuse }, at("good"), "x"), /permission denied/);
});

test("a missing file is no error", async () => assert.equal(await readSourceFile(nodeFiles, at("missing"), "x"), null));

test("a good file is read through a symbolic link, with the hash of its bytes", async () => {
  const file = await readSourceFile(nodeFiles, at("link-to-good"), "x");
  assert.equal(file?.text, "ä = 1\n");
  assert.match(file.bytesHash, /^[0-9a-f]{64}$/);
});

test("paths below the current directory are shown from there", () => {
  assert.equal(shownPath("/a/b/mvm.toml", "/a/b"), "./mvm.toml");
  assert.equal(shownPath("/a/b/c/mvm.toml", "/a/b"), "./c/mvm.toml");
  assert.equal(shownPath("/a/mvm.toml", "/a/b"), "/a/mvm.toml");
  assert.equal(shownPath("/a/..b", "/a"), "./..b");
  assert.equal(shownPath("/a/mvm.toml", "/"), "/a/mvm.toml");
});
