import assert from "node:assert/strict";
import test from "node:test";
import { stripVTControlCharacters } from "node:util";
import { capturedOutput } from "@mvm/testing";
import { openBoard } from "./board.ts";

const open = (id: string, what: string) => ({ id, what, sinceMs: 1000, state: "open" as const });
const done = (id: string) => ({ id, what: "is ready", sinceMs: 1000, state: "done" as const });
const total = (ready: number) => ({ what: `${ready} of 2 instances ready`, sinceMs: 0 });

test("in a pipe: a line for each change, a line now and then while nothing changes", () => {
  const output = capturedOutput();
  const board = openBoard(output, { quiet: false });
  board.show([open("a", "is starting"), open("b", "waits for a")], 1000);
  board.show([open("a", "is starting"), open("b", "waits for a")], 14_000);
  board.show([open("a", "is booting"), open("b", "waits for a")], 20_000);
  board.show([done("a"), open("b", "waits for a")], 31_000);
  board.show([done("a"), open("b", "waits for a")], 61_000);
  board.show([done("a"), done("b")], 90_000);
  assert.deepEqual(output.text().trimEnd().split("\n"), [
    "waiting: a is starting (0.0 s)",
    "waiting: b waits for a (0.0 s)",
    "waiting: a is booting (19 s)",
    "a is ready",
    "waiting: b waits for a (1 min 0 s)",
    "b is ready",
  ]);
});

test("in a pipe: while nothing changes one line tells how far it all is", () => {
  const output = capturedOutput();
  const board = openBoard(output, { quiet: false });
  for (const nowMs of [1000, 20_000, 31_000, 40_000, 61_000])
    board.show([open("a", "is starting"), open("b", "is starting")], nowMs, total(0));
  assert.deepEqual(output.text().trimEnd().split("\n"), [
    "waiting: a is starting (0.0 s)",
    "waiting: b is starting (0.0 s)",
    "waiting: 0 of 2 instances ready (31 s)",
    "waiting: 0 of 2 instances ready (1 min 1 s)",
  ]);
});

test("in a pipe: what was done from the beginning is no news, and the end is the result's", () => {
  const output = capturedOutput();
  const board = openBoard(output, { quiet: false, resultFollows: true });
  board.show([done("a"), open("b", "is starting"), open("c", "is starting")], 1000);
  board.show([done("a"), done("b"), open("c", "is starting")], 2000);
  board.show([done("a"), done("b"), done("c")], 3000);
  assert.deepEqual(output.text().trimEnd().split("\n"), [
    "waiting: b is starting (0.0 s)",
    "waiting: c is starting (0.0 s)",
    "b is ready",
  ]);
});

test("on a terminal: the lines are drawn anew over the old ones, never wrap and keep their time", () => {
  const output = capturedOutput({ terminal: { columns: 30, rows: 24 } });
  const board = openBoard(output, { quiet: false });
  board.show([open("a", "is starting: waits for the guest to answer"), done("bb")], 13_000);
  const first = output.text();
  assert.equal(first, "… a   is starting: wa… (12 s)\u001b[K\n✓ bb  is ready\u001b[K\n\u001b[J");
  board.show([done("a"), done("bb")], 14_000);
  assert.equal(output.text().slice(first.length), "\u001b[2A✓ a   is ready\u001b[K\n✓ bb  is ready\u001b[K\n\u001b[J");
});

test("on a terminal: how far it all is stands below, with the whole time", () => {
  const output = capturedOutput({ terminal: { columns: 80, rows: 24 } });
  openBoard(output, { quiet: false }).show([done("a"), open("b", "is starting")], 440_000, total(1));
  assert.deepEqual(stripVTControlCharacters(output.text()).trimEnd().split("\n"), [
    "✓ a  is ready",
    "… b  is starting (7 min 19 s)",
    "  1 of 2 instances ready (7 min 20 s)",
  ]);
});

test("on a low terminal: what is unfinished comes first, the rest is counted", () => {
  const output = capturedOutput({ terminal: { columns: 80, rows: 5 } });
  openBoard(output, { quiet: false }).show([done("a"), done("b"), open("c", "is starting"), done("d")], 2000);
  assert.deepEqual(stripVTControlCharacters(output.text()).trimEnd().split("\n"), [
    "… c  is starting (1.0 s)",
    "✓ a  is ready",
    "  and 2 more",
  ]);
});

test("what is shown after close goes below", () => {
  const output = capturedOutput({ terminal: { columns: 80, rows: 24 } });
  const board = openBoard(output, { quiet: false });
  board.show([done("a")], 1);
  board.close();
  board.show([done("a")], 1);
  assert.ok(!output.text().includes("\u001b[1A"));
});

test("quiet: nothing", () => {
  const output = capturedOutput();
  openBoard(output, { quiet: true }).show([open("a", "x")], 1);
  assert.equal(output.text(), "");
});
