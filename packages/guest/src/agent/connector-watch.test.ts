import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { jsonLogger, nodeClock, type Clock } from "@mvm/core";
import type { ConnectorReport } from "../protocol/handler-report.ts";
import { watchConnectors } from "./connector-watch.ts";

const READY = [{ name: "app", ready: true }];
const DOWN = [{ name: "app", ready: false }];

/** A watch over one handler that says how often it was asked, on a clock that a test moves. */
function watched(answer: (times: number) => Promise<readonly ConnectorReport[]> = async (times) => report(times)) {
  const state = { nowMs: 0, asked: 0 };
  const clock: Clock = { ...nodeClock, monotonicMs: () => state.nowMs };
  const connectors = (): Promise<readonly ConnectorReport[]> => answer((state.asked += 1));
  const log = jsonLogger(() => undefined, nodeClock);
  return { state, watch: watchConnectors({ handlers: new Map([["app", { connectors }]]), clock, log }) };
}

const report = (times: number): readonly ConnectorReport[] => [
  { name: "telegram", enabled: true, missing: [], detail: `asked ${times}` },
];

test("looks within most of a minute put one question, and none of them waits for it", async () => {
  const { state, watch } = watched();
  assert.deepEqual(watch.latest(READY), []);
  await setImmediate();
  for (state.nowMs = 0; state.nowMs < 45_000; state.nowMs += 1000) assert.deepEqual(watch.latest(READY), report(1));
  assert.equal(state.asked, 1);
  assert.deepEqual(watch.latest(READY), report(1));
  await setImmediate();
  assert.deepEqual(watch.latest(READY), report(2));
});

test("a handler that came up or went down is asked anew, and so is one after a refresh", async () => {
  const { state, watch } = watched();
  for (const reports of [DOWN, READY, READY, DOWN]) {
    watch.latest(reports);
    await setImmediate();
  }
  assert.equal(state.asked, 3);
  watch.expire();
  watch.latest(DOWN);
  await setImmediate();
  assert.equal(state.asked, 4);
});

test("an application that does not answer is asked once; asking by name is always fresh", async () => {
  const never = Promise.withResolvers<never>().promise;
  const { state, watch } = watched(async (times) => (times === 1 ? never : report(times)));
  for (state.nowMs = 0; state.nowMs < 600_000; state.nowMs += 30_000) assert.deepEqual(watch.latest(READY), []);
  assert.equal(state.asked, 1);
  assert.deepEqual(await watch.ask(), report(2));
  assert.deepEqual(watch.latest(READY), report(2));
});

test("a handler that can't say keeps what it said, and is not asked at every look", async () => {
  const { state, watch } = watched(async (times) => {
    if (times > 1) throw new Error("the file is no JSON");
    return report(times);
  });
  watch.latest(READY);
  await setImmediate();
  state.nowMs = 50_000;
  for (let looks = 0; looks < 3; looks += 1) {
    assert.deepEqual(watch.latest(READY), report(1));
    await setImmediate();
  }
  assert.equal(state.asked, 2);
  await assert.rejects(watch.ask(), /no JSON/);
});
