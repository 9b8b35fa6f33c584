import assert from "node:assert/strict";
import { test } from "node:test";
import { withDeadline, type Deadline } from "./deadline.ts";
import { nodeClock } from "./node/clock.ts";

const late = new Error("late");
const within = (timeoutMs: number, signal?: AbortSignal): Deadline => ({
  clock: nodeClock,
  timeoutMs,
  late: () => late,
  signal,
});
const never = Promise.withResolvers<never>().promise;

test("work that settles first decides", async () => {
  assert.equal(await withDeadline(within(5_000), async () => 1), 1);
  const broken = new Error("broken");
  const breaking = withDeadline(within(5_000), () => Promise.reject(broken));
  await assert.rejects(breaking, broken);
});

test("the deadline has its own error and an abort its reason; the work is told of both", async () => {
  const told: AbortSignal[] = [];
  const work = (signal: AbortSignal): Promise<never> => {
    told.push(signal);
    return never;
  };
  await assert.rejects(withDeadline(within(20), work), late);
  const abort = new AbortController();
  const reason = new Error("a newer intent");
  const waiting = withDeadline(within(5_000, abort.signal), work);
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(withDeadline(within(5_000, abort.signal), work), reason);
  assert.deepEqual(
    told.map((signal) => signal.aborted),
    [true, true, true],
  );
});
