import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { suiteOf, suites } from "./suites.ts";

test("a test file's name says its suite", () => {
  const files = ["a/ids.test.ts", "a/boot.vm.test.ts", "a/lab.test.ts", "a/fleet.lab.test.ts", "a/node.status.test.ts"];
  assert.deepEqual(files.map(suiteOf), ["check", "vm", "check", "lab", "check"]);
});

test("every suite lists only its own test files, and this file is found", () => {
  const root = join(import.meta.dirname, "..");
  const listed = suites(root).map(({ name, steps }) => ({
    name,
    files: steps.flatMap((step) => (step.kind === "tests" ? step.files : [])),
  }));
  for (const { name, files } of listed)
    assert.deepEqual(
      files.filter((file) => suiteOf(file) !== name),
      [],
    );
  assert.ok(listed.find(({ name }) => name === "check")?.files.includes("scripts/suites.test.ts"));
});
