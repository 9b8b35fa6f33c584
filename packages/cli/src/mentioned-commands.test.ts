/** Every command and flag that a remedy or a page of the docs tells people to use is there. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { catalogue } from "@mvm/core";
import { sharedFlags } from "./command-spec.ts";
import { nouns, plainCommands } from "./commands/tree.ts";

const root = join(import.meta.dirname, "../../..");
const verbs = [...nouns.flatMap((noun) => noun.verbs), ...plainCommands];
const flags = new Set(
  [
    ...Object.values(sharedFlags).map((flag) => flag.flags),
    ...verbs.flatMap(({ options = [] }) => options.map((option) => option.flags)),
  ].flatMap((text) => text.match(/--[a-z-]+/g) ?? []),
);
/** What the parser itself brings. */
const PARSER_WORDS: readonly string[] = ["help", "--help", "--version"];

/** Mentions of commands in a text that lead nowhere. */
function unknownCommands(text: string): readonly string[] {
  return [...text.matchAll(/(?<!of )(?<![\w/.-])(?:\.\/)?mvm ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/g)].flatMap(
    ([mention, first = "", second]) => {
      if (PARSER_WORDS.includes(first) || plainCommands.some(({ name }) => name === first)) return [];
      const noun = nouns.find(({ name }) => name === first);
      return noun?.verbs.some(({ name }) => name === second) === true ? [] : [mention];
    },
  );
}

const unknownFlags = (text: string): readonly string[] =>
  (text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []).filter((flag) => !flags.has(flag) && !PARSER_WORDS.includes(flag));

test("a command that does not exist is found", () => {
  assert.deepEqual(unknownCommands("See mvm image remove, then mvm image build again with mvm help image."), [
    "mvm image remove",
  ]);
  assert.deepEqual(unknownFlags("say --force or --json"), ["--force"]);
});

for (const [code, { remedy }] of Object.entries(catalogue)) {
  test(`the remedy of ${code} names what is there`, () =>
    assert.deepEqual([unknownCommands(remedy), unknownFlags(remedy)], [[], []]));
}

test("remedies in the code name commands that are there", () => {
  const sources = globSync("packages/*/src/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
  const remedies = sources.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/remedy:\s*["`]([^"`]*)["`]/g)].map(([, text = ""]) => text),
  );
  assert.ok(remedies.length > 10);
  assert.deepEqual(remedies.flatMap(unknownCommands), []);
});

for (const page of ["README.md", "microvms/README.md", ...globSync("docs/*.md", { cwd: root })]) {
  test(`${page} names commands that are there`, () => {
    const text = readFileSync(join(root, page), "utf8");
    const code = [...text.matchAll(/`([^`]+)`/g)].map(([, inner = ""]) => inner);
    assert.deepEqual(code.flatMap(unknownCommands), []);
  });
}
