import assert from "node:assert/strict";
import { test } from "node:test";
import { rememberLook } from "./remembered-look.ts";

test("one look serves all who ask about the same, until it is forgotten", async () => {
  let looks = 0;
  const { answer, forget } = rememberLook(
    async () => (looks += 1),
    () => true,
  );
  assert.deepEqual(await Promise.all([answer("a"), answer("a")]), [1, 1]);
  assert.equal(await answer("a"), 1);
  assert.equal(await answer("b"), 2);
  forget();
  assert.equal(await answer("b"), 3);
});

test("an answer that may pass, and a look that failed, serve only those who wait for them", async () => {
  const answers = [Promise.reject(new Error("no /proc")), Promise.resolve("bad"), Promise.resolve("good")];
  const { answer } = rememberLook(
    () => answers.shift() ?? assert.fail("looked once too often"),
    (one) => one === "good",
  );
  await assert.rejects(answer("a"), /no \/proc/);
  assert.equal(await answer("a"), "bad");
  assert.equal(await answer("a"), "good");
  assert.equal(await answer("a"), "good");
});
