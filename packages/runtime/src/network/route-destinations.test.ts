import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contains } from "@mvm/core";
import { formatDestination, outermost, parseDestination } from "./route-destinations.ts";

const cidr = fc
  .record({ address: fc.integer({ min: 0, max: 0xffff_ffff }), length: fc.integer({ min: 0, max: 32 }) })
  .map(({ address, length }) => `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${length}`);

test("destinations print as iproute2 prints them, without host bits", () => {
  for (const [text, printed] of [
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["0.0.0.0/0", "default"],
    ["default", "default"],
    ["255.255.255.255/31", "255.255.255.254/31"],
  ] as const) {
    assert.equal(formatDestination(parseDestination(text)), printed);
  }
});

test("a printed destination parses to itself", () => {
  fc.assert(
    fc.property(cidr, (text) =>
      assert.deepEqual(parseDestination(formatDestination(parseDestination(text))), parseDestination(text)),
    ),
  );
});

test("the outermost ranges cover the same addresses and are disjoint", () => {
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 12 }), (texts) => {
      const ranges = texts.map(parseDestination);
      const kept = outermost(ranges);
      for (const range of ranges) assert.equal(kept.filter((outer) => contains(outer, range)).length, 1);
      for (const range of kept)
        assert.ok(ranges.some(({ first, last }) => first === range.first && last === range.last));
    }),
  );
});
