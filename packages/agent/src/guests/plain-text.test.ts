import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { plainText } from "./plain-text.ts";

describe("a guest's words", () => {
  const cases: readonly { readonly says: string; readonly text: string; readonly shown: string }[] = [
    { says: "plain text, accents and symbols stay", text: "Grüße, 世界 ✓ 🙂", shown: "Grüße, 世界 ✓ 🙂" },
    { says: "colours and cursor moves are shown", text: "\u001b[31mred\u001b[2J", shown: "\\x1b[31mred\\x1b[2J" },
    { says: "line breaks can't forge lines", text: "one\r\ntwo", shown: "one\\x0d\\x0atwo" },
    { says: "C1 controls are shown", text: "\u009b2J", shown: "\\x9b2J" },
    { says: "text can't be turned round", text: "abc\u202edcba", shown: "abc\\u{202e}dcba" },
    { says: "zero-width characters are seen", text: "a\u200bb", shown: "a\\u{200b}b" },
    { says: "half a character is replaced", text: "a\ud800b", shown: "a\ufffdb" },
  ];
  for (const { says, text, shown } of cases) it(says, () => assert.equal(plainText(text), shown));

  it("keeps what it is told to keep", () => assert.equal(plainText("a\tb\nc\u001b", "\t\n"), "a\tb\nc\\x1b"));

  it("never lets a control character through", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/\p{Cc}/u.test(plainText(text))));
  });
});
