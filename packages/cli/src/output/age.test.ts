import assert from "node:assert/strict";
import test from "node:test";
import { ageText, clockText, durationText } from "./age.ts";

for (const [ms, text] of [
  [0, "0.0 s"],
  [-5, "0.0 s"],
  [1940, "1.9 s"],
  [9999, "10.0 s"],
  [12_400, "12 s"],
  [119_000, "119 s"],
  [120_000, "2 min"],
  [3_600_000, "60 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
] as const) {
  test(`${ms} ms is '${text}'`, () => assert.equal(durationText(ms), text));
}

for (const [ms, text] of [
  [-5, "0.0 s"],
  [12_400, "12 s"],
  [60_000, "1 min 0 s"],
  [440_900, "7 min 20 s"],
  [3_599_999, "59 min 59 s"],
  [3_840_000, "1 h 4 min"],
] as const) {
  test(`a clock that stands at ${ms} ms shows '${text}'`, () => assert.equal(clockText(ms), text));
}

test("an age is told in whole seconds; a time to come is now", () => {
  const now = Date.parse("2026-11-21T12:00:10.000Z");
  assert.equal(ageText("2026-11-21T12:00:02.500Z", now), "7 s");
  assert.equal(ageText("2026-11-21T12:00:30.000Z", now), "0 s");
  assert.equal(ageText("2026-11-21T11:00:00.000Z", now), "60 min");
  assert.equal(ageText(null, now), "-");
});
