import assert from "node:assert/strict";
import test from "node:test";
import { commandInput } from "./command-input.ts";
import { UsageProblem } from "./usage-problem.ts";

const input = commandInput(["acme", undefined], {
  tenant: "acme",
  fromFile: "x",
  json: true,
  wait: false,
  timeout: "90s",
  least: "90",
  limit: "9x",
  wide: "2h",
  wrong: "2 h",
  long: "25h",
  zero: "0s",
});

test("arguments and flags as typed", () => {
  assert.equal(input.arg(0), "acme");
  assert.equal(input.optionalArg(1), undefined);
  assert.equal(input.text("from-file"), "x");
  assert.equal(input.flag("json"), true);
  assert.equal(input.flag("yes"), false);
  assert.equal(input.flag("no-wait"), true);
  assert.equal(commandInput([], { wait: true }).flag("no-wait"), false);
});

test("a number in its range", () => {
  assert.equal(input.count("least", { least: 1, most: 100 }), 90);
  assert.equal(input.count("missing", { least: 1, most: 100 }), undefined);
});

for (const [name, range] of [
  ["least", { least: 100, most: 200 }],
  ["least", { least: 1, most: 10 }],
  ["limit", { least: 1, most: 10 }],
] as const) {
  test(`--${name} outside ${range.least} to ${range.most}, or no number, is a usage error`, () => {
    assert.throws(
      () => input.count(name, range),
      (error) => error instanceof UsageProblem && error.message.includes(`--${name} is '`),
    );
  });
}

test("a duration in seconds, minutes or hours", () => {
  assert.equal(input.durationMs("timeout"), 90_000);
  assert.equal(input.durationMs("wide"), 7_200_000);
  assert.equal(input.durationMs("missing"), undefined);
});

for (const name of ["wrong", "long", "zero", "limit", "least"]) {
  test(`--${name} that is no duration of a day at most is a usage error`, () => {
    assert.throws(
      () => input.durationMs(name),
      (error) => error instanceof UsageProblem && error.message.includes(`--${name} is '`),
    );
  });
}
