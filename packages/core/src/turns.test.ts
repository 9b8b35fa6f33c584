import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { keyedTurns, turns } from "./turns.ts";

function storyteller() {
  const story: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      story.push(`${name} begins`);
      await setImmediate();
      story.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  return { story, work };
}

test("turns come one after the other in the order of asking, also behind one that failed", async () => {
  const { story, work } = storyteller();
  const queue = turns();
  const results = await Promise.allSettled([queue.take(work("a")), queue.take(work("b", true)), queue.take(work("c"))]);
  assert.deepEqual(story, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("turns of one key don't make another key wait", async () => {
  const { story, work } = storyteller();
  const queues = keyedTurns<string>();
  const gate = Promise.withResolvers<null>();
  const held = queues.take("one", () => gate.promise);
  const next = queues.take("one", work("next"));
  assert.equal(await queues.take("other", work("other")), "other");
  assert.deepEqual(story, ["other begins", "other ends"]);
  gate.resolve(null);
  await Promise.all([held, next]);
  assert.deepEqual(story.slice(2), ["next begins", "next ends"]);
});
