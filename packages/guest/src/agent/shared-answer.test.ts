import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { shareAnswer } from "./shared-answer.ts";

/** A question that takes `costMs` each time, and how often it was asked. */
function question(costMs: number) {
  let nowMs = 0;
  let asked = 0;
  const clock = { ...nodeClock, monotonicMs: () => nowMs };
  const ask = async (): Promise<number> => {
    asked += 1;
    await Promise.resolve();
    nowMs += costMs;
    return asked;
  };
  return { shared: shareAnswer(clock, ask), pass: (ms: number) => (nowMs += ms), asked: () => asked };
}

test("who asks while an answer is on its way shares it", async () => {
  const { shared, asked } = question(300);
  assert.deepEqual(await Promise.all([shared(), shared()]), [1, 1]);
  assert.equal(asked(), 1);
});

const cases: readonly [name: string, costMs: number, servesMs: number][] = [
  ["a cheap answer serves for a second", 5, 1000],
  ["a dear one for ten times its price", 400, 4000],
  ["but never longer than fifteen seconds", 9000, 15_000],
];
for (const [name, costMs, servesMs] of cases) {
  test(name, async () => {
    const { shared, pass } = question(costMs);
    assert.equal(await shared(), 1);
    pass(servesMs - 1);
    assert.equal(await shared(), 1);
    pass(1);
    assert.equal(await shared(), 2);
  });
}

test("a failure is shared as well, and then asked anew", async () => {
  let nowMs = 0;
  let asked = 0;
  const shared = shareAnswer({ ...nodeClock, monotonicMs: () => nowMs }, async () => {
    asked += 1;
    throw new Error(`failure ${asked}`);
  });
  await assert.rejects(shared(), /failure 1/);
  await assert.rejects(shared(), /failure 1/);
  nowMs = 1000;
  await assert.rejects(shared(), /failure 2/);
});
