import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, type PatchDeclaration } from "@mvm/core";
import { applyPatch, matchesPattern } from "./patch.ts";

const patch: PatchDeclaration = {
  reason: "the deadline is too short for an emulated CPU",
  package: "left-pad",
  version: "1.2.3",
  files: "dist/**/*.mjs",
  expect: "DEADLINE = 5e3;",
  replace: "DEADLINE = 60e3;",
  count: 3,
};
const installed = { version: "1.2.3" };
const files = [
  { path: "dist/a.mjs", text: "x; DEADLINE = 5e3; y; DEADLINE = 5e3;" },
  { path: "dist/b.mjs", text: "no such thing" },
  { path: "dist/c.mjs", text: "DEADLINE = 5e3;" },
];

function mismatch(message: RegExp): (error: unknown) => boolean {
  return (error) => isMvmError(error, "MVM_IMAGE_PATCH_MISMATCH") && message.test(error.message);
}

test("every place is replaced, and files without one are left alone", () => {
  assert.deepEqual(applyPatch(patch, installed, files), [
    { path: "dist/a.mjs", text: "x; DEADLINE = 60e3; y; DEADLINE = 60e3;" },
    { path: "dist/c.mjs", text: "DEADLINE = 60e3;" },
  ]);
});

test("a patch for another version is refused", () => {
  assert.throws(() => applyPatch(patch, { version: "1.2.4" }, files), mismatch(/for version 1\.2\.3, but 1\.2\.4/));
});

for (const [name, count, found] of [
  ["fewer", 4, 3],
  ["more", 2, 3],
] as const) {
  test(`a text found ${name} times than expected is refused`, () => {
    assert.throws(
      () => applyPatch({ ...patch, count }, installed, files),
      mismatch(new RegExp(`expected ${count} times .* found ${found} times`)),
    );
  });
}

test("a replaced text is taken literally", () => {
  const [file] = applyPatch({ ...patch, replace: "$& $1", count: 1 }, installed, [
    { path: "a", text: "DEADLINE = 5e3;" },
  ]);
  assert.equal(file?.text, "$& $1");
});

for (const [pattern, path, fits] of [
  ["dist/*.mjs", "dist/a.mjs", true],
  ["dist/*.mjs", "dist/sub/a.mjs", false],
  ["dist/**/a*.mjs", "dist/a-1.mjs", true],
  ["dist/**/a*.mjs", "dist/x/y/a.mjs", true],
  ["dist/**/a*.mjs", "other/a.mjs", false],
  ["dist/*", "dist/x.d/y", false],
  ["a.mjs", "axmjs", false],
  ["**/x", "x", true],
] as const) {
  test(`'${pattern}' ${fits ? "fits" : "does not fit"} ${path}`, () =>
    assert.equal(matchesPattern(pattern, path), fits));
}
