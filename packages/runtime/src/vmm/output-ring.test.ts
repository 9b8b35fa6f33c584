import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OutputRing } from "./output-ring.ts";

test("keeps the newest bytes in their order, however they come", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }),
      (capacity, chunks) => {
        const ring = new OutputRing(capacity);
        for (const chunk of chunks) ring.add(chunk);
        assert.deepEqual(ring.bytes(), Buffer.concat(chunks).subarray(-capacity));
      },
    ),
  );
});

test("what was given out does not change with what comes later", () => {
  const ring = new OutputRing(4);
  ring.add(Buffer.from("ab"));
  const early = ring.bytes();
  ring.add(Buffer.from("cdef"));
  assert.equal(early.toString(), "ab");
  assert.equal(ring.bytes().toString(), "cdef");
});
