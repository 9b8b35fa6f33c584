import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "./clock.ts";

test("a sleep ends after its time, by the monotonic clock", async () => {
  const startedAtMs = nodeClock.monotonicMs();
  await nodeClock.sleep(20);
  assert.ok(nodeClock.monotonicMs() - startedAtMs >= 19);
});

test("an aborted sleep rejects with the signal's own reason", async () => {
  const reason = new Error("a newer intent");
  const abort = new AbortController();
  const sleeping = nodeClock.sleep(60_000, abort.signal);
  abort.abort(reason);
  await assert.rejects(sleeping, reason);
  await assert.rejects(nodeClock.sleep(1, abort.signal), reason);
});
