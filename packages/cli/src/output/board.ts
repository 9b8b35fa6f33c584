/**
 * Live progress: one line a thing that is being waited for. On a terminal the lines are redrawn in
 * place; in a pipe a line is printed when something changes, and now and then while nothing does.
 */
import type { Output } from "../context.ts";
import { durationText } from "./age.ts";
import { cut, padded } from "./text-width.ts";

export interface BoardRow {
  readonly id: string;
  /** What happens to it, without the time: `is starting`. */
  readonly what: string;
  readonly sinceMs: number;
  readonly state: "open" | "done" | "failed";
}

export interface Board {
  show(rows: readonly BoardRow[], nowMs: number): void;
  /** Leaves what is shown as it is; later output goes below it. */
  close(): void;
}

const HEARTBEAT_MS = 30_000;
/** Lines left free at the terminal's lower edge. */
const SPARE_LINES = 2;
const MARKS: Readonly<Record<BoardRow["state"], string>> = { open: "…", done: "✓", failed: "✗" };

export interface BoardOptions {
  readonly quiet: boolean;
  /** How a plain line of something unfinished begins; default `waiting`. */
  readonly label?: string;
}

export function openBoard(output: Output, { quiet, label = "waiting" }: BoardOptions): Board {
  if (quiet) return { show: () => undefined, close: () => undefined };
  return output.isTty ? liveBoard(output) : plainBoard(output, label);
}

function liveBoard(output: Output): Board {
  let drawn = 0;
  return {
    show(rows, nowMs) {
      const lines = liveLines(rows, { nowMs, output });
      const up = drawn > 0 ? `\u001b[${drawn}A` : "";
      const cleared = lines.map((line) => `${line}\u001b[K\n`).join("");
      // Below: what is left of a longer drawing.
      output.write(`${up}${cleared}\u001b[J`);
      drawn = lines.length;
    },
    close() {
      drawn = 0;
    },
  };
}

/** Unfinished rows come first when not all fit. */
function liveLines(
  rows: readonly BoardRow[],
  { nowMs, output }: { readonly nowMs: number; readonly output: Output },
): readonly string[] {
  const room = Math.max(1, output.rows() - SPARE_LINES);
  const fits = rows.length <= room;
  const ordered = fits
    ? rows
    : [...rows.filter((row) => row.state !== "done"), ...rows.filter((row) => row.state === "done")];
  const shown = fits ? ordered : ordered.slice(0, room - 1);
  const idWidth = Math.max(...shown.map(({ id }) => id.length), 0);
  const lines = shown.map((row) => {
    const text = cut(`${MARKS[row.state]} ${padded(row.id, idWidth)}  ${timed(row, nowMs)}`, output.columns() - 1);
    return row.state === "open" ? text : output.style(row.state === "done" ? "green" : "red", text);
  });
  return fits ? lines : [...lines, `  and ${rows.length - shown.length} more`];
}

function plainBoard(output: Output, label: string): Board {
  const printed = new Map<string, { readonly what: string; readonly atMs: number }>();
  return {
    show(rows, nowMs) {
      for (const row of rows) {
        const last = printed.get(row.id);
        const isNews = last?.what !== row.what;
        const isQuiet = last !== undefined && row.state === "open" && nowMs - last.atMs >= HEARTBEAT_MS;
        if (!isNews && !isQuiet) continue;
        printed.set(row.id, { what: row.what, atMs: nowMs });
        output.write(`${row.state === "open" ? `${label}: ` : ""}${row.id} ${timed(row, nowMs)}\n`);
      }
    },
    close: () => printed.clear(),
  };
}

function timed(row: BoardRow, nowMs: number): string {
  return row.state === "open" ? `${row.what} (${durationText(nowMs - row.sinceMs)})` : row.what;
}
