import assert from "node:assert/strict";
import { test } from "node:test";
import { turns } from "./turns.ts";

test("work is done one after the other in the order in which it came, also behind work that failed", async () => {
  const queue = turns();
  const events: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      events.push(`${name} begins`);
      await new Promise(setImmediate);
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([queue.take(work("a")), queue.take(work("b", true)), queue.take(work("c"))]);
  assert.deepEqual(events, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});
