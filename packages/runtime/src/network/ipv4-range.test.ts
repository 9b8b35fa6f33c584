import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMvmError } from "@mvm/core";
import { contains, formatRange, outermost, parseRange } from "./ipv4-range.ts";

const cidr = fc
  .record({ address: fc.integer({ min: 0, max: 0xffff_ffff }), length: fc.integer({ min: 0, max: 32 }) })
  .map(({ address, length }) => `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${length}`);

test("ranges print as iproute2 prints them, without host bits", () => {
  for (const [text, printed] of [
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["0.0.0.0/0", "default"],
    ["default", "default"],
    ["255.255.255.255/31", "255.255.255.254/31"],
  ] as const) {
    assert.equal(formatRange(parseRange(text)), printed);
  }
});

test("what is no range is a defect of the caller", () => {
  for (const text of ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "010.1.1.1", "256.0.0.1", "10.0.0.0/8; accept"]) {
    assert.throws(
      () => parseRange(text),
      (error) => isMvmError(error, "MVM_INTERNAL"),
      text,
    );
  }
});

test("a printed range parses to itself", () => {
  fc.assert(fc.property(cidr, (text) => assert.deepEqual(parseRange(formatRange(parseRange(text))), parseRange(text))));
});

test("the outermost ranges cover the same addresses and are disjoint", () => {
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 12 }), (texts) => {
      const ranges = texts.map(parseRange);
      const kept = outermost(ranges);
      for (const range of ranges) assert.equal(kept.filter((outer) => contains(outer, range)).length, 1);
      for (const range of kept)
        assert.ok(ranges.some(({ first, last }) => first === range.first && last === range.last));
    }),
  );
});
