import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeRequest, decodeResponse, encodeError, encodeRequest, encodeResult, rpcErrors } from "./frames.ts";
import { MAX_LINE_BYTES } from "./limits.ts";

const withoutNewline = (line: Buffer | null): Buffer => (line ?? assert.fail("too long")).subarray(0, -1);

/** What JSON keeps of a value: -0 becomes 0. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("what one side encodes the other decodes", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 64 }), fc.jsonValue(), (id, value) => {
      const request = decodeRequest(withoutNewline(encodeRequest({ id, method: "health", params: value })));
      assert.deepEqual(request, { jsonrpc: "2.0", id, method: "health", params: asJson(value) });
      const response = decodeResponse(withoutNewline(encodeResult(id, value)));
      assert.deepEqual(response, { kind: "result", id, result: asJson(value) });
    }),
  );
});

test("a line never holds a newline but its last byte", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const line = encodeResult("1", { value, text: "a\nb\r\u2028" });
      assert.equal(line?.indexOf(0x0a), (line?.length ?? 0) - 1);
    }),
  );
});

test("any bytes are a frame or null, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.doesNotThrow(() => [decodeRequest(Buffer.from(bytes)), decodeResponse(Buffer.from(bytes))]);
    }),
    { numRuns: 500 },
  );
});

const refusedLines: readonly [name: string, line: string][] = [
  ["no object", "[]"],
  ["another protocol", '{"jsonrpc":"1.0","id":"1","result":1}'],
  ["an id that is a number", '{"jsonrpc":"2.0","id":1,"result":1}'],
  ["an id of a megabyte", `{"jsonrpc":"2.0","id":"${"x".repeat(70)}","result":1}`],
  ["neither result nor error", '{"jsonrpc":"2.0","id":"1"}'],
  ["an error without a code", '{"jsonrpc":"2.0","id":"1","error":{"message":"x"}}'],
  ["an error with an endless message", `{"jsonrpc":"2.0","id":"1","error":{"code":1,"message":"${"x".repeat(4001)}"}}`],
];

for (const [name, line] of refusedLines) {
  test(`an answer is refused: ${name}`, () => assert.equal(decodeResponse(Buffer.from(line)), null));
}

test("a message over the cap is cut, an answer over the cap is not made", () => {
  const refusal = decodeResponse(
    withoutNewline(encodeError("1", { code: rpcErrors.internal, message: "é".repeat(9000) })),
  );
  assert.ok(refusal?.kind === "error" && refusal.error.message.length === 4000);
  assert.equal(encodeResult("1", "x".repeat(MAX_LINE_BYTES)), null);
});

test("nesting as deep as a line allows is decoded without harm", () => {
  const depth = 100_000;
  const line = Buffer.from(`{"jsonrpc":"2.0","id":"1","result":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  assert.ok(line.length < MAX_LINE_BYTES);
  assert.equal(decodeResponse(line)?.kind, "result");
});
