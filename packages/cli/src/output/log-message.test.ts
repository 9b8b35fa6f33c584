import assert from "node:assert/strict";
import test from "node:test";
import { logMessage } from "./log-message.ts";

const cases: readonly (readonly [what: string, line: unknown, text: string])[] = [
  [
    "level, subsystem and message",
    { time: "2026-11-21T20:15:23.215Z", level: "info", subsystem: "node-host", message: "advertised commands: run" },
    "info node-host: advertised commands: run",
  ],
  [
    "other fields, short",
    { level: "warn", subsystem: "gateway/ws", message: "closed", code: 1006, why: "no route", tags: ["a"], none: null },
    'warn gateway/ws: closed code=1006 why="no route" tags=["a"]',
  ],
  ["an event alone", { level: "info", event: "agent.ready", after_ms: 12 }, "info agent.ready after_ms=12"],
  ["an event with its message", { event: "agent.ready", message: "it is" }, "agent.ready: it is"],
  [
    "a subsystem's event beside its message",
    { subsystem: "ws", event: "open", message: "opened" },
    "ws: opened event=open",
  ],
  ["a long value, cut", { message: "m", blob: "x".repeat(500) }, `m blob=${"x".repeat(80)}…`],
];

for (const [what, line, text] of cases)
  test(`unpacks ${what}`, () => assert.equal(logMessage(JSON.stringify(line)), text));

test("shows control characters that JSON had hidden, in values and in names", () => {
  const line = JSON.stringify({ message: "a\u001b[2Jb\u202ec", "k\u001b[31m": "v\u009b", u: "x\ny z" });
  const text = logMessage(line);
  assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
  assert.match(text, /^a\\x1b\[2Jb\\u\{202e\}c k\\x1b\[31m=v\\x9b u=/);
});

test("is never longer than a raw line may be", () => {
  assert.equal(logMessage(JSON.stringify({ message: "\u001b".repeat(600), more: "x" })).length <= 4000, true);
});

for (const line of ["plain words", "{not json", "[1]", "{}", '{"level":3,"message":"m"}', '{"other":1}', "null"])
  test(`leaves '${line}' as it is`, () => assert.equal(logMessage(line), line));
