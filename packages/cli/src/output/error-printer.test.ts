import assert from "node:assert/strict";
import test from "node:test";
import { MvmError, problemsError } from "@mvm/core";
import { capturedOutput, jsonAt } from "@mvm/testing";
import { printError } from "./error-printer.ts";

function printed(error: unknown, json = false): string {
  const output = capturedOutput();
  printError(output, error, json);
  return output.text();
}

test("code, message, chain of causes, remedy", () => {
  const cause = new Error("connect ENOENT", { cause: new Error("deeper\n\nstack-like rest") });
  const error = new MvmError("MVM_API_UNAVAILABLE", { message: "the socket has no server behind it", cause });
  assert.equal(
    printed(error),
    [
      "error: the socket has no server behind it [MVM_API_UNAVAILABLE]",
      "  because: connect ENOENT",
      "  because: deeper",
      "  → Start it (systemctl start mvm-coordinator mvm-agent; without units mvm coordinator run, mvm agent run), or check the socket's path in mvm.toml.",
      "",
    ].join("\n"),
  );
});

test("every problem has its line; a single one is the message", () => {
  const problem = (line: number) => ({ file: "./f.toml", line, column: 2, path: "a", message: `bad ${line}` });
  assert.equal(
    printed(problemsError("MVM_CONFIG_INVALID", [problem(3), problem(1)])),
    "error: 2 problems [MVM_CONFIG_INVALID]\n  ./f.toml:1:2: bad 1\n  ./f.toml:3:2: bad 3\n  → Mend the named places.\n",
  );
  assert.equal(
    printed(problemsError("MVM_CONFIG_INVALID", [problem(3)])),
    "error: ./f.toml:3:2: bad 3 [MVM_CONFIG_INVALID]\n  → Mend the named places.\n",
  );
});

test("a cause that only repeats is not printed", () => {
  assert.ok(
    !printed(new MvmError("MVM_USAGE", { message: "no such file: x", cause: new Error("no such file") })).includes(
      "because",
    ),
  );
});

test("as JSON: one document with the same", () => {
  const text = printed(
    new MvmError("MVM_NODE_NOT_FOUND", { message: "no node 'x'", details: { node: "x" }, cause: new Error("y") }),
    true,
  );
  assert.deepEqual(JSON.parse(text), {
    code: "MVM_NODE_NOT_FOUND",
    message: "no node 'x'",
    remedy: "See mvm node status.",
    details: { node: "x" },
    causes: ["y"],
  });
});

test("what nobody foresaw is MVM_INTERNAL with its stack in the details", () => {
  const text = printed(new TypeError("x is not a function"), true);
  assert.equal(jsonAt(text, "code"), "MVM_INTERNAL");
  assert.match(String(jsonAt(text, "details.stack")), /TypeError: x is not a function\n {4}at /);
});

test("of what a failed tool printed the end is shown, harmless to a terminal", () => {
  const stderr = `${"line\n".repeat(20)}E: \u001b[31mno\u0007 route\n`;
  const text = printed(
    new MvmError("MVM_HOST_COMMAND_FAILED", { message: "apt-get ended with exit code 100", details: { stderr } }),
  );
  assert.equal(text.split("\n").filter((line) => line.startsWith("    | ")).length, 8);
  assert.ok(text.includes("    | E: no route\n"));
});
