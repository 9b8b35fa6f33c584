import assert from "node:assert/strict";
import test from "node:test";
import { stripVTControlCharacters } from "node:util";
import { capturedOutput } from "@mvm/testing";
import { printFacts, printTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly note: string;
}
const columns = [
  { title: "name", cell: (row: Row) => row.name },
  { title: "state", cell: () => "\u001b[32mready\u001b[39m" },
  { title: "note", cell: (row: Row) => row.note },
];
const rows = [
  { name: "acme-gw-0", note: "" },
  { name: "a", note: "waits for the guest to answer, which takes long" },
];

test("columns are as wide as their contents, styles not counted, nothing trails", () => {
  const output = capturedOutput();
  printTable(output, { columns, rows, empty: "none" });
  assert.equal(
    output.text(),
    "NAME       STATE  NOTE\nacme-gw-0  \u001b[32mready\u001b[39m\na          \u001b[32mready\u001b[39m  waits for the guest to answer, which takes long\n",
  );
});

test("on a terminal the last column gives way", () => {
  const output = capturedOutput({ terminal: { columns: 40, rows: 24 } });
  printTable(output, { columns, rows, empty: "none" });
  assert.match(output.text(), /waits for the guest t…\n$/);
  for (const line of output.text().split("\n")) assert.ok(stripVTControlCharacters(line).length <= 40, line);
});

test("no rows: a sentence instead of a header", () => {
  const output = capturedOutput();
  printTable(output, { columns, rows: [], empty: "no instances" });
  assert.equal(output.text(), "no instances\n");
});

test("facts are aligned and a missing one is left out", () => {
  const output = capturedOutput();
  printFacts(output, [
    ["node", "n1"],
    ["audit", null],
    ["generation", "4"],
  ]);
  assert.equal(output.text(), "node        n1\ngeneration  4\n");
});
