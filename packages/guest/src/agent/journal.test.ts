import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_LINE_BYTES } from "../protocol/limits.ts";
import { LogsResult } from "../protocol/logs.ts";
import { journalArgv, pageOf, parseJournalLine } from "./journal.ts";

const line = (n: number, message: unknown = `message ${n}`): string =>
  JSON.stringify({
    __CURSOR: `s=abc;i=${n}`,
    __REALTIME_TIMESTAMP: String(1_795_265_704_000_000 + n),
    MESSAGE: message,
    PRIORITY: "4",
    _SYSTEMD_UNIT: "openclaw-gateway.service",
  });

const reads = (count: number, message?: string) =>
  Array.from({ length: count }, (_, n) => parseJournalLine(line(n, message)) ?? assert.fail("no entry"));

test("the question: the newest without a cursor, everything after it with one", () => {
  assert.deepEqual(journalArgv({ limit: 5 }).slice(-1), ["--lines=5"]);
  assert.deepEqual(journalArgv({ limit: 5, cursor: "s=1;i=2", unit: "a.service" }).slice(-2), [
    "--after-cursor=s=1;i=2",
    "--unit=a.service",
  ]);
});

const messages: readonly [name: string, message: unknown, text: string][] = [
  ["text", "hello", "hello"],
  ["bytes that are no UTF-8", [104, 105, 255], "hi\u00ff"],
  ["a field that came twice", ["a", "b"], "ab"],
  ["too large for journalctl", null, ""],
  ["longer than the channel takes", "x".repeat(5000), "x".repeat(4000)],
];
for (const [name, message, text] of messages) {
  test(`a message that is ${name}`, () => assert.equal(parseJournalLine(line(1, message))?.entry.message, text));
}

test("what is no line of the journal is no entry", () => {
  for (const text of ["", "-- No entries --", "{}", '{"__CURSOR":"--x","__REALTIME_TIMESTAMP":"1"}']) {
    assert.equal(parseJournalLine(text), null);
  }
});

test("after a cursor the oldest stay and the rest follows; without one the newest stay", () => {
  const after = pageOf(reads(10), { limit: 3, cursor: "s=abc;i=before" });
  assert.deepEqual(
    after.entries.map((entry) => entry.message),
    ["message 0", "message 1", "message 2"],
  );
  assert.deepEqual([after.cursor, after.more], ["s=abc;i=2", true]);

  const newest = pageOf(reads(10), { limit: 3 });
  assert.deepEqual(
    newest.entries.map((entry) => entry.message),
    ["message 7", "message 8", "message 9"],
  );
  assert.deepEqual([newest.cursor, newest.more], ["s=abc;i=9", false]);
  assert.deepEqual(pageOf([], { limit: 3, cursor: "s=1" }), { entries: [], cursor: "s=1", more: false });
});

test("a page of the longest messages, each escaped to six bytes a character, fits a line", () => {
  const page = pageOf(reads(500, "\u0001".repeat(4000)), { limit: 500, cursor: "s=1" });
  assert.ok(page.entries.length > 0 && page.more);
  assert.ok(Buffer.byteLength(JSON.stringify(page)) < MAX_LINE_BYTES - 1024);
  assert.ok(LogsResult.safeParse(page).success);
});
