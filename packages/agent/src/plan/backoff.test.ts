import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { retryDelayMs } from "./backoff.ts";

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
