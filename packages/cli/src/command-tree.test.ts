import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { sharedFlags } from "./command-spec.ts";
import { nouns, plainCommands } from "./commands/tree.ts";
import { asTyped, QUICKSTART_DOWN_TIMEOUT_MS, QUICKSTART_TIMEOUT_MS, WAIT_TIMEOUT_MS } from "./default-timeouts.ts";

const commands = [
  ...nouns.flatMap((noun) => noun.verbs.map((verb) => ({ path: `${noun.name} ${verb.name}`, spec: verb }))),
  ...plainCommands.map((spec) => ({ path: spec.name, spec })),
];

for (const { path, spec } of commands) {
  test(`${path}: has an example of itself and says in one line what it does`, () => {
    assert.ok(spec.examples.length > 0 && spec.examples.every((example) => example.startsWith(path)));
    assert.ok(spec.summary.length <= 100 && !spec.summary.endsWith("."));
  });

  test(`${path}: its code can be loaded`, async () => assert.equal(typeof (await spec.load()), "function"));
}

test("what changes something says so when it is interrupted, what only looks says nothing", () => {
  for (const { path, spec } of commands) {
    const changes = spec.shared.includes("noWait") || ["secrets set", "quickstart"].includes(path);
    assert.equal(spec.interrupted !== undefined, changes, path);
  }
});

test("what erases asks, what waits can be told not to", () => {
  for (const { path, spec } of commands) {
    if (path.endsWith(" destroy")) assert.ok(spec.shared.includes("yes"), path);
    if (spec.shared.includes("noWait")) assert.ok(spec.shared.includes("timeout"), path);
  }
});

test("no command is named twice", () => assert.equal(new Set(commands.map(({ path }) => path)).size, commands.length));

test("docs/cli.md lists every noun with its verbs, and the shared flags", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");
  for (const { name, verbs } of nouns) {
    const row = page.split("\n").find((line) => line.startsWith("|") && line.split("|")[1]?.includes(`\`${name}\``));
    for (const verb of verbs) assert.ok(row?.includes(`\`${verb.name}\``), `${name} ${verb.name}`);
  }
  for (const { flags } of Object.values(sharedFlags))
    assert.ok(page.includes(`| \`${flags.split(" ")[0] ?? ""}`), flags);
  const [wait, up, down] = [WAIT_TIMEOUT_MS, QUICKSTART_TIMEOUT_MS, QUICKSTART_DOWN_TIMEOUT_MS].map(asTyped);
  assert.ok(page.includes(`default \`${wait}\`; \`quickstart\` \`${up}\`, \`quickstart --down\` \`${down}\``));
});
