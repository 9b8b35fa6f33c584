/** Tables for people: as wide as their contents, cut at the terminal's edge, whole in a pipe. Pure. */
import type { Output } from "../context.ts";
import { cut, padded, widthOf } from "./text-width.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

/** Never narrower than this when a terminal is too small for the table. */
const LEAST_LAST_COLUMN = 12;

export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What is printed when there are no rows. */
  readonly empty: string;
}

/** A header and one line a row; on a terminal the last column gives way. */
export function printTable<Row>(output: Output, { columns, rows, empty }: Table<Row>): void {
  if (rows.length === 0) {
    output.write(`${empty}\n`);
    return;
  }
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => widthOf(line[index] ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const last = Math.max(LEAST_LAST_COLUMN, Math.min(widths.at(-1) ?? 0, output.columns() - before));
  const lineOf = (line: readonly string[]): string =>
    line
      .map((text, index) => (index === line.length - 1 ? cut(text, last) : padded(text, widths[index] ?? 0)))
      .join("  ")
      .trimEnd();
  output.write(`${output.style("dim", lineOf(columns.map(({ title }) => title.toUpperCase())))}\n`);
  for (const line of cells) output.write(`${lineOf(line)}\n`);
}

/** `name  value` lines, for one thing's facts; a fact without value is left out. */
export function printFacts(output: Output, facts: readonly (readonly [name: string, value: string | null])[]): void {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  for (const [name, value] of shown) output.write(`${output.style("dim", padded(name, width))}  ${value}\n`);
}
