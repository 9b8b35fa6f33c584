import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMvmError } from "./errors/mvm-error.ts";
import { contains, formatRange, overlaps, parseRange, prefixLengthOf, rangeAt, sizeOf } from "./ipv4-range.ts";

const block = fc.record({
  address: fc.integer({ min: 0, max: 0xffff_ffff }),
  length: fc.integer({ min: 0, max: 32 }),
});

test("ranges are printed without host bits, a plain address is a range of one", () => {
  for (const [text, printed] of [
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["192.0.2.7", "192.0.2.7/32"],
    ["1.2.3.4/0", "0.0.0.0/0"],
    ["255.255.255.255/31", "255.255.255.254/31"],
  ] as const) {
    assert.equal(formatRange(parseRange(text)), printed);
  }
});

test("what is no range is a defect of the caller", () => {
  const texts = ["", "default", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "010.1.1.1", "256.0.0.1", "10.0.0.0/8; accept"];
  for (const text of texts) {
    assert.throws(
      () => parseRange(text),
      (error) => isMvmError(error, "MVM_INTERNAL"),
      text,
    );
  }
});

test("a range is aligned, holds its address, has the size of its prefix, and prints to itself", () => {
  fc.assert(
    fc.property(block, ({ address, length }) => {
      const range = rangeAt(address, length);
      assert.ok(range.first <= address && address <= range.last);
      assert.equal(range.first % sizeOf(range), 0);
      assert.equal(prefixLengthOf(range), length);
      assert.deepEqual(parseRange(formatRange(range)), range);
    }),
  );
});

test("two ranges overlap exactly when one contains the other's first address", () => {
  fc.assert(
    fc.property(block, block, (a, b) => {
      const [one, other] = [rangeAt(a.address, a.length), rangeAt(b.address, b.length)];
      const shared = contains(one, rangeAt(other.first, 32)) || contains(other, rangeAt(one.first, 32));
      assert.equal(overlaps(one, other), shared);
      assert.equal(overlaps(other, one), shared);
    }),
  );
});
