import assert from "node:assert/strict";
import test from "node:test";
import { exactTimeText, soonText, timeText } from "./time-text.ts";

test("a time is told in UTC to the minute, exactly to the second", () => {
  assert.equal(timeText("2026-11-21T20:45:23.215Z"), "2026-11-21 20:45 UTC");
  assert.equal(exactTimeText("2026-11-21T20:45:23.215Z"), "2026-11-21 20:45:23 UTC");
  assert.equal(timeText("2026-11-21T20:45:23+01:00"), "2026-11-21 19:45 UTC");
});

test("a time of today needs no date", () => {
  const now = Date.parse("2026-11-21T23:30:00Z");
  assert.equal(soonText("2026-11-21T23:59:00Z", now), "23:59 UTC");
  assert.equal(soonText("2026-11-22T00:01:00Z", now), "2026-11-22 00:01 UTC");
});
