import assert from "node:assert/strict";
import test from "node:test";
import { generatedText, standingOf } from "./generated-file.ts";

const BODY = "schema_version = 1\n\n[node]\n";

test("what was written and left alone is known, also after the template changed", () => {
  assert.equal(standingOf(null, BODY), "missing");
  assert.equal(standingOf(generatedText(BODY), BODY), "current");
  assert.equal(standingOf(generatedText(`${BODY}old = 1\n`), BODY), "outdated");
});

for (const [name, edit] of [
  ["a changed line", (text: string) => text.replace("1", "2")],
  ["an added line", (text: string) => `${text}# mine\n`],
  ["a removed first line", (text: string) => text.slice(text.indexOf("\n") + 1)],
  ["a changed first line", (text: string) => text.replace("Written", "Rewritten")],
  ["nothing left", () => ""],
] as const) {
  test(`${name} makes it the user's`, () => assert.equal(standingOf(edit(generatedText(BODY)), BODY), "edited"));
}
