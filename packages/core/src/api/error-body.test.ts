import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, type ErrorCode } from "../errors/catalogue.ts";
import { MvmError } from "../errors/mvm-error.ts";
import { errorBody, errorFromBody, httpStatusOf } from "./error-body.ts";

const overTheWire = (error: unknown): MvmError =>
  errorFromBody(httpStatusOf(error), JSON.parse(JSON.stringify(errorBody(error))));

test("every catalogued error comes out of HTTP as it went in, with a status that is none of success", () => {
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const error = new MvmError(code, {
      message: `about ${code}`,
      remedy: "do this",
      details: { n: 1, list: ["a"] },
      retry: { afterMs: 500 },
    });
    const back = overTheWire(error);
    assert.deepEqual(
      [back.code, back.message, back.remedy, back.details, back.retry],
      [code, error.message, "do this", error.details, { afterMs: 500 }],
    );
    assert.ok(httpStatusOf(error) >= 400, code);
  }
});

test("the status says what kind of error it is", () => {
  const statuses = (
    ["MVM_TYPE_UNKNOWN", "MVM_FLEET_CONFLICT", "MVM_TENANT_NOT_FOUND", "MVM_API_UNAVAILABLE", "MVM_INTERNAL"] as const
  ).map((code) => httpStatusOf(new MvmError(code, { message: "m" })));
  assert.deepEqual(statuses, [400, 409, 404, 503, 500]);
});

test("what is not an MvmError goes as an internal one, without its stack", () => {
  const body = errorBody(new TypeError("x is not a function"));
  assert.equal(body.error.code, "MVM_INTERNAL");
  assert.equal(JSON.stringify(body).includes("error-body.test"), false);
});

for (const [what, body] of [
  ["no error at all", { ok: true }],
  ["an error without its fields", { error: { code: "MVM_INTERNAL" } }],
  ["null", null],
  [
    "a code of a newer version",
    { error: { code: "MVM_FUTURE", message: "m", remedy: "r", details: {}, retry: "never" } },
  ],
  [
    "a code that every object has",
    { error: { code: "toString", message: "m", remedy: "r", details: {}, retry: "never" } },
  ],
] as const) {
  test(`an answer that is ${what} is refused by name`, () => {
    assert.equal(errorFromBody(500, body).code, "MVM_API_REFUSED");
  });
}
