import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { changeSignal, waitUntil, type Wait } from "./change-signal.ts";

const waitFor = (change: Partial<Wait>): Wait => ({
  changes: changeSignal(),
  clock: nodeClock,
  waitMs: 5000,
  signal: new AbortController().signal,
  ...change,
});

test("waiting ends when what is waited for is so, and looks again only after a raise", async () => {
  const changes = changeSignal();
  let looks = 0;
  let ready = false;
  const waiting = waitUntil(() => {
    looks += 1;
    return Promise.resolve(ready);
  }, waitFor({ changes }));
  for (const next of [false, true]) {
    await new Promise(setImmediate);
    ready = next;
    changes.raise();
  }
  await waiting;
  assert.equal(looks, 3);
});

test("a change between the look and the wait is not lost", async () => {
  const changes = changeSignal();
  let ready = false;
  const waiting = waitUntil(async () => {
    const seen = ready;
    ready = true;
    changes.raise();
    await new Promise(setImmediate);
    return seen;
  }, waitFor({ changes }));
  const startedAt = performance.now();
  await waiting;
  assert.ok(performance.now() - startedAt < 1000);
});

test("waiting ends at its time, at once without one, and when it is aborted", async () => {
  const never = (): Promise<boolean> => Promise.resolve(false);
  const startedAt = performance.now();
  await waitUntil(never, waitFor({ waitMs: 50 }));
  assert.ok(performance.now() - startedAt >= 49);
  await waitUntil(() => assert.fail("looked although there was no time"), waitFor({ waitMs: 0 }));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await waitUntil(never, waitFor({ signal: controller.signal }));
});
