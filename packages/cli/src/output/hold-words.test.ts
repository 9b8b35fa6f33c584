import assert from "node:assert/strict";
import test from "node:test";
import { holdEnd } from "./hold-words.ts";

const NOW = Date.parse("2026-11-21T20:15:23.215Z");

for (const [until, text] of [
  ["2026-11-21T20:45:23.215Z", "for 30 min, until 20:45 UTC"],
  ["2026-11-22T20:15:23.215Z", "for 24 h, until 2026-11-22 20:15 UTC"],
  ["2026-11-21T20:15:00.000Z", "until 20:15 UTC"],
  [null, "until it is released"],
] as const) {
  test(`a hold is ${text}`, () => assert.equal(holdEnd({ until }, NOW), text));
}
