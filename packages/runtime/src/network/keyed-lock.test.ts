import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyedLock } from "./keyed-lock.ts";

test("work of one key runs in order and never overlaps; other keys don't wait", async () => {
  const lock = createKeyedLock();
  const log: string[] = [];
  const gate = Promise.withResolvers<undefined>();
  const first = lock("a", async () => {
    log.push("a1 starts");
    await gate.promise;
    log.push("a1 ends");
  });
  const second = lock("a", () => Promise.resolve(log.push("a2")));
  await lock("b", () => Promise.resolve(log.push("b1")));
  gate.resolve(undefined);
  await Promise.all([first, second]);
  assert.deepEqual(log, ["a1 starts", "b1", "a1 ends", "a2"]);
});

test("a failure reaches its caller and not the next in line", async () => {
  const lock = createKeyedLock();
  const failing = lock("a", () => Promise.reject(new Error("broken")));
  const next = lock("a", () => Promise.resolve("done"));
  await assert.rejects(failing, /broken/);
  assert.equal(await next, "done");
});
