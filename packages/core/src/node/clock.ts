/** The clock port over the machine's clocks and timers. A host adapter. */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node words an abort in its own way.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
