import assert from "node:assert/strict";
import test from "node:test";
import { parsePathText, pathText, problemLine, problemsError, problemsOf } from "./problem.ts";

test("a path's text reads back as the path", () => {
  for (const path of [
    ["tenants", 1, "pools", 0, "resources", "mem_mib"],
    ["a"],
    ["microvms", "roles", "cap-x", "profiles", 12],
  ]) {
    assert.deepEqual(parsePathText(pathText(path)), path);
  }
});

test("what is no path of bare keys has no path", () => {
  for (const text of ["", "a..b", "[0]", "a[x]", 'a."b c"', "a[0]b", "a.b]", " a"])
    assert.equal(parsePathText(text), null, text);
});

test("keys that are not bare are quoted", () => assert.equal(pathText(["a", "b c", 0]), 'a."b c"[0]'));

test("an error of several problems holds them all, in the order of their places", () => {
  const problem = (line: number, column: number) => ({
    file: "./x.toml",
    line,
    column,
    path: "",
    message: `at ${line}:${column}`,
  });
  const error = problemsError("MVM_CONFIG_INVALID", [problem(9, 1), problem(2, 7), problem(2, 3)]);
  assert.equal(error.message, "3 problems, the first at ./x.toml:2:3: at 2:3");
  assert.deepEqual(problemsOf(error).map(problemLine), [
    "./x.toml:2:3: at 2:3",
    "./x.toml:2:7: at 2:7",
    "./x.toml:9:1: at 9:1",
  ]);
});

test("an error of one problem says it", () => {
  const error = problemsError("MVM_CONFIG_SYNTAX", [
    { file: "f", line: null, column: null, path: "", message: "is bad" },
  ]);
  assert.equal(error.message, "f: is bad");
});
