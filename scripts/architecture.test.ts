/** The pages say what is so: packages with their edges, folders, suites, files, npm scripts. */
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { allowedEdges, packageNames } from "./edges/package-edges.ts";
import { SUITES_BY_SUFFIX } from "./suites.ts";

const root = join(import.meta.dirname, "..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
const pages = ["README.md", "ARCHITECTURE.md", ...globSync("docs/**/*.md", { cwd: root })];
const map = textOf("ARCHITECTURE.md");
const rows = new Map(
  [...map.matchAll(/^\| `([a-z]+)` \|.*\| ([a-z, ]+) \|$/gm)].map(([, name = "", edges = ""]) => [name, edges]),
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

test("the map has every folder and no other", () => {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  const ignored = textOf(".gitignore").replaceAll("/", "").split("\n");
  const named = [...map.matchAll(/^\| `([a-z]+)\/` \|/gm)].map(([, name = ""]) => name);
  assert.deepEqual(named.sort(), folders.filter((name) => !ignored.includes(name)).sort());
});

test("the map says where the tests of every suffix run, and of no other", () => {
  const named = [...map.matchAll(/^\| `\*(?:\.([a-z]+))?\.test\.ts` \| `([a-z]+)`/gm)];
  assert.deepEqual(
    named.map(([, suffix, suite]) => [suffix, suite]),
    [[undefined, "check"], ...SUITES_BY_SUFFIX.map((suffix) => [suffix, suffix])],
  );
});

test("files that the pages point to exist", () => {
  const links = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^):#]+)/g)].map(([, path = ""]) => join(dirname(page), path)),
  );
  assert.ok(links.length > 10);
  assert.deepEqual(
    links.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test("npm scripts that the pages name exist", () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(textOf("package.json")));
  const named = pages.flatMap((page) => [...textOf(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name = ""]) => name));
  assert.ok(named.length > 3);
  for (const name of named) assert.ok(name in scripts, name);
});
