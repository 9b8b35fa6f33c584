/** What a start loads before any command is known: commands as data and the parser, nothing of core. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";

/** Static imports of a file that survive type stripping. */
function importsOf(path: string): readonly string[] {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "([^"]+)";/gm)].map(([, name = ""]) => name);
}

function closure(path: string, seen = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  if (seen.has(path)) return seen;
  const imports = importsOf(path);
  seen.set(path, imports);
  for (const name of imports) if (name.startsWith(".")) closure(join(dirname(path), name), seen);
  return seen;
}

test("main.ts reaches no other package of ours statically", () => {
  const files = closure(join(import.meta.dirname, "main.ts"));
  assert.ok(files.size > 15, "the imports were followed");
  const heavy = [...files].flatMap(([file, imports]) =>
    imports.filter((name) => name.startsWith("@mvm/")).map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(heavy, []);
});
