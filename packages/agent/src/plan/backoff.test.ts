import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isRetryDue, retryDelayMs } from "./backoff.ts";

describe("the pause before another try", () => {
  it("doubles from two seconds to five minutes", () => {
    const delays = [1, 2, 3, 8, 9, 1000].map((failures) => retryDelayMs(failures, 0.5));
    assert.deepEqual(delays, [2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
  });

  it("is spread by a quarter either way, and never longer", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, jitter) => {
          const middle = retryDelayMs(failures, 0.5);
          const delay = retryDelayMs(failures, jitter);
          return delay >= middle * 0.75 - 1 && delay <= middle * 1.25 + 1;
        },
      ),
    );
  });
});

describe("another try", () => {
  const pauseMs = fc
    .tuple(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    .map(([failures, jitter]) => retryDelayMs(failures, jitter));
  const nowMs = fc.integer({ min: 0, max: 2 ** 42 });

  it("is due when its pause is over, and not before", () => {
    fc.assert(
      fc.property(pauseMs, nowMs, (pause, now) => {
        const retryAtMs = now + pause;
        return !isRetryDue(retryAtMs, now) && !isRetryDue(retryAtMs, retryAtMs - 1) && isRetryDue(retryAtMs, retryAtMs);
      }),
    );
  });

  it("is made within the longest pause, however far the clock is set back meanwhile", () => {
    const longestMs = 5 * 60_000 * 1.25;
    fc.assert(
      fc.property(pauseMs, nowMs, fc.nat(2 ** 31 - 1), (pause, now, backSeconds) => {
        const retryAtMs = now + pause;
        const setBackMs = now - backSeconds * 1000;
        return isRetryDue(retryAtMs, setBackMs) || isRetryDue(retryAtMs, setBackMs + longestMs);
      }),
    );
  });
});
