import assert from "node:assert/strict";
import { test } from "node:test";

import { packageOf, readImports } from "./module-imports.ts";

test("finds static, type-only, dynamic and re-exporting imports, and nothing in comments or strings", () => {
  const text = `
    import { a } from "one";
    import type { B } from "@scope/two/deep";
    import "./three.ts";
    export { c } from "four";
    // import "comment";
    const text = 'import "string"';
    export const load = async () => import("five");
  `;
  assert.deepEqual(readImports(text), {
    specifiers: ["one", "@scope/two/deep", "./three.ts", "four", "five"],
    exportsAll: false,
  });
  assert.equal(readImports('export * from "./all.ts";').exportsAll, true);
});

test("names the package of a specifier", () => {
  assert.deepEqual(["zod", "zod/v4", "@mvm/core", "@scope/two/deep", "./a.ts", "../b.ts", "node:fs"].map(packageOf), [
    "zod",
    "zod",
    "@mvm/core",
    "@scope/two",
    undefined,
    undefined,
    undefined,
  ]);
});
