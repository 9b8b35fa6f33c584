import assert from "node:assert/strict";
import test from "node:test";
import { countsText } from "./counts.ts";

const none = { total: 0, wanted_running: 0, running: 0, ready: 0, held_stopped: 0, troubled: 0 };

for (const [counts, text] of [
  [{ total: 2, wanted_running: 2, ready: 1 }, "1 of 2 ready"],
  [{ total: 2, wanted_running: 1, ready: 1, held_stopped: 1 }, "1 of 1 ready, 1 held stopped"],
  [{ total: 1, held_stopped: 1 }, "1 held stopped"],
  [{ total: 3, wanted_running: 1, ready: 1, held_stopped: 1 }, "1 of 1 ready, 1 held stopped, 1 not wanted"],
  [{ total: 1, wanted_running: 1, troubled: 1 }, "0 of 1 ready, 1 in trouble"],
  [{}, "none"],
] as const) {
  test(`counts are '${text}'`, () => assert.equal(countsText({ ...none, ...counts }), text));
}
