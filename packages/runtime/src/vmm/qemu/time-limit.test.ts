import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { withinLimit } from "./time-limit.ts";

const late = new Error("late");
const limit = { timeoutMs: 20, onLate: () => late };
const never = Promise.withResolvers<never>().promise;

test("work that settles first decides", async () => {
  assert.equal(await withinLimit(nodeClock, limit, Promise.resolve(1)), 1);
  const broken = new Error("broken");
  await assert.rejects(withinLimit(nodeClock, limit, Promise.reject(broken)), broken);
});

test("the deadline has its own error, an abort its reason", async () => {
  await assert.rejects(withinLimit(nodeClock, limit, never), late);
  const abort = new AbortController();
  const reason = new Error("a newer intent");
  const waiting = withinLimit(nodeClock, { ...limit, timeoutMs: 5_000, signal: abort.signal }, never);
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(withinLimit(nodeClock, { ...limit, signal: abort.signal }, never), reason);
});
