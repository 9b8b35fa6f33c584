/** README.md and ARCHITECTURE.md say what is so: packages with their edges, files, npm scripts. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { allowedEdges, packageNames } from "./edges/package-edges.ts";

const root = join(import.meta.dirname, "..");
const pages = ["README.md", "ARCHITECTURE.md"].map((name) => readFileSync(join(root, name), "utf8")).join("\n");
const page = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `([a-z]+)` \|.*\| ([a-z, ]+) \|$/gm)].map(([, name = "", edges = ""]) => [name, edges]),
);

test("the table holds every package and no other", () => {
  assert.deepEqual([...rows.keys()].sort(), readdirSync(join(root, "packages")).sort());
});

for (const name of packageNames) {
  test(`what ${name} may import is said as it is checked`, () => {
    const edges = allowedEdges[name];
    const expected =
      edges.length === 0 ? "nothing" : edges.length === packageNames.length - 1 ? "all" : edges.join(", ");
    assert.equal(rows.get(name), expected);
  });
}

test("files that the pages point to exist", () => {
  const links = [...pages.matchAll(/\]\(([^):]+)\)/g)].map(([, path = ""]) => path);
  assert.ok(links.length > 3);
  for (const path of links) assert.doesNotThrow(() => readFileSync(join(root, path)), path);
});

test("npm scripts that the pages name exist", () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const named = [...pages.matchAll(/npm run ([a-z:]+)/g)].map(([, name = ""]) => name);
  assert.ok(named.length > 3);
  for (const name of named) assert.ok(name in scripts, name);
});
