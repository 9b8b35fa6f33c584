import assert from "node:assert/strict";
import { test } from "node:test";
import { decompressLz4Legacy } from "./lz4-legacy.ts";

/** A frame from blocks, as lz4's legacy format puts them together. */
function frame(...blocks: readonly Buffer[]): Buffer {
  const magic = Buffer.from([0x02, 0x21, 0x4c, 0x18]);
  const sized = blocks.map((block) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    return Buffer.concat([size, block]);
  });
  return Buffer.concat([magic, ...sized]);
}

const literals = (text: string): Buffer => Buffer.concat([Buffer.from([text.length << 4]), Buffer.from(text)]);

test("a block of literals is taken over", () => {
  assert.equal(decompressLz4Legacy(frame(literals("kernel")), 6).toString(), "kernel");
});

test("a match that overlaps its own output repeats it", () => {
  // One literal, then 4 + 15 + 3 bytes at distance 1, then a last literal.
  const block = Buffer.from([0x1f, 0x61, 0x01, 0x00, 0x03, 0x10, 0x62]);
  assert.equal(decompressLz4Legacy(frame(block), 24).toString(), `${"a".repeat(23)}b`);
});

test("lengths go on over bytes of 255", () => {
  const text = "x".repeat(15 + 255 + 7);
  const block = Buffer.concat([Buffer.from([0xf0, 0xff, 0x07]), Buffer.from(text)]);
  assert.equal(decompressLz4Legacy(frame(block), text.length).toString(), text);
});

test("a match may reach into the block before", () => {
  const second = Buffer.from([0x00, 0x04, 0x00, 0x10, 0x21]);
  assert.equal(decompressLz4Legacy(frame(literals("abcd"), second), 9).toString(), "abcdabcd!");
});

for (const [name, bytes, size, problem] of [
  ["is cut short", frame(literals("kernel")).subarray(0, -2), 6, /cut short/],
  ["holds less than announced", frame(literals("kernel")), 7, /holds 6 bytes, not 7/],
  ["holds more than announced", frame(literals("kernel")), 5, /larger/],
  ["points before its beginning", frame(Buffer.from([0x10, 0x61, 0x02, 0x00])), 5, /before the data/],
  ["repeats more than announced", frame(Buffer.from([0x1f, 0x61, 0x01, 0x00, 0xf0])), 9, /larger/],
] as const) {
  test(`a frame that ${name} is refused`, () => {
    assert.throws(() => decompressLz4Legacy(bytes, size), { name: "RangeError", message: problem });
  });
}
