/** The catalogue of error codes holds no code that nothing raises. The types hold the other way round. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue } from "@mvm/core";

const root = join(import.meta.dirname, "..");

test("every code is raised somewhere outside tests", () => {
  const sources = globSync("packages/*/src/**/*.ts", { cwd: root })
    .filter((file) => !file.endsWith(".test.ts") && !file.includes("/errors/") && !file.startsWith("packages/testing/"))
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const idle = Object.keys(catalogue).filter((code) => !sources.includes(`"${code}"`));
  assert.deepEqual(idle, []);
});
