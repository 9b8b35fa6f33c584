import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter, type SplitLine } from "./line-splitter.ts";

function split(chunks: readonly Buffer[], maxBytes: number): SplitLine[] {
  const splitter = new LineSplitter(maxBytes);
  return chunks.flatMap((chunk) => [...splitter.push(chunk)]);
}

function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

/** What the splitter promises, said in the simplest way: split everything at once. */
function model(bytes: Buffer, maxBytes: number): string[] {
  const parts = bytes.toString("latin1").split("\n");
  const rest = parts.pop() ?? "";
  const kinds = parts.map((part) => (part.length > maxBytes ? "too-long" : part === "" ? "empty" : `line ${part}`));
  return rest.length > maxBytes ? [...kinds, "too-long"] : kinds;
}

const shown = (lines: readonly SplitLine[]): string[] =>
  lines.flatMap((line) => {
    if (line.kind === "empty") return Array.from({ length: line.count }, () => "empty");
    return line.kind === "line" ? `line ${line.bytes.toString("latin1")}` : line.kind;
  });

test("any bytes in any chunks give the same lines as the whole at once", () => {
  const byte = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0x0a) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 200 }),
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 16 }),
      (bytes, sizes, maxBytes) => {
        const buffer = Buffer.from(bytes);
        assert.deepEqual(shown(split(inChunks(buffer, sizes), maxBytes)), model(buffer, maxBytes));
      },
    ),
    { numRuns: 500 },
  );
});

test("a line over the cap is said once, before its end, and the next line is whole", () => {
  const splitter = new LineSplitter(4);
  assert.deepEqual(splitter.push(Buffer.from("12345")), [{ kind: "too-long" }]);
  assert.deepEqual(splitter.push(Buffer.from("6789")), []);
  assert.deepEqual(shown(splitter.push(Buffer.from("0\nok\n"))), ["line ok"]);
});

test("a chunk that is reused by its owner does not change a kept part", () => {
  const splitter = new LineSplitter(16);
  const chunk = Buffer.from("abc");
  splitter.push(chunk);
  chunk.fill("x");
  assert.deepEqual(shown(splitter.push(Buffer.from("d\n"))), ["line abcd"]);
});

test("a run of empty lines is one entry however long it is", () => {
  assert.deepEqual(new LineSplitter(4).push(Buffer.alloc(64 * 1024, "\n")), [{ kind: "empty", count: 64 * 1024 }]);
});
