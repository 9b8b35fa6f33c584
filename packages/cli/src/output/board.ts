/**
 * Live progress: one line a thing that is being waited for. On a terminal the lines are redrawn in
 * place; in a pipe a line is printed when something changes, and now and then while nothing does.
 * Only the text of a line is ever cut, never its time.
 */
import type { Output } from "../context.ts";
import { clockText } from "./age.ts";
import { cut, padded, widthOf } from "./text-width.ts";

export interface BoardRow {
  readonly id: string;
  /** What happens to it, without the time: `is starting`. */
  readonly what: string;
  readonly sinceMs: number;
  readonly state: "open" | "done" | "failed";
}

/** How far it all is, without the time: `1 of 4 instances ready`. */
export interface BoardTotal {
  readonly what: string;
  readonly sinceMs: number;
}

export interface Board {
  show(rows: readonly BoardRow[], nowMs: number, total?: BoardTotal | null): void;
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
  /** The command's result says what has been done: plain lines don't say it as well once nothing is open. */
  readonly resultFollows?: boolean;
}

export function openBoard(output: Output, { quiet, label = "waiting", resultFollows = false }: BoardOptions): Board {
  if (quiet) return { show: () => undefined, close: () => undefined };
  return output.isTty ? liveBoard(output) : plainBoard(output, { label, resultFollows });
}

function liveBoard(output: Output): Board {
  let drawn = 0;
  return {
    show(rows, nowMs, total = null) {
      const lines = liveLines(rows, { nowMs, output, total });
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

interface Drawing {
  readonly nowMs: number;
  readonly output: Output;
  readonly total: BoardTotal | null;
}

/** Unfinished rows come first when not all fit. */
function liveLines(rows: readonly BoardRow[], { nowMs, output, total }: Drawing): readonly string[] {
  const room = Math.max(1, output.rows() - SPARE_LINES - (total === null ? 0 : 1));
  const columns = output.columns() - 1;
  const fits = rows.length <= room;
  const ordered = fits
    ? rows
    : [...rows.filter((row) => row.state !== "done"), ...rows.filter((row) => row.state === "done")];
  const shown = fits ? ordered : ordered.slice(0, room - 1);
  const idWidth = Math.max(...shown.map(({ id }) => id.length), 0);
  const lines = shown.map((row) => {
    const what = `${MARKS[row.state]} ${padded(row.id, idWidth)}  ${row.what}`;
    if (row.state === "open") return timed(what, nowMs - row.sinceMs, columns);
    return output.style(row.state === "done" ? "green" : "red", cut(what, columns));
  });
  return [
    ...lines,
    ...(fits ? [] : [`  and ${rows.length - shown.length} more`]),
    ...(total === null ? [] : [timed(`  ${total.what}`, nowMs - total.sinceMs, columns)]),
  ];
}

type PlainOptions = Required<Pick<BoardOptions, "label" | "resultFollows">>;

function plainBoard(output: Output, { label, resultFollows }: PlainOptions): Board {
  const printed = new Map<string, string>();
  let atMs = 0;
  /** What was done before anything was waited for is no news. */
  const isNews = (row: BoardRow, isOver: boolean): boolean => {
    if (printed.get(row.id) === row.what) return false;
    return row.state !== "done" || (printed.has(row.id) && !(isOver && resultFollows));
  };
  return {
    show(rows, nowMs, total = null) {
      const open = rows.filter((row) => row.state === "open");
      const news = rows.filter((row) => isNews(row, open.length === 0));
      for (const row of news) {
        printed.set(row.id, row.what);
        const text = `${row.id} ${row.what}`;
        output.write(row.state === "open" ? `${label}: ${timed(text, nowMs - row.sinceMs)}\n` : `${text}\n`);
      }
      if (news.length > 0) atMs = nowMs;
      if (open.length === 0 || nowMs - atMs < HEARTBEAT_MS) return;
      atMs = nowMs;
      const signs = total === null ? open.map((row) => ({ ...row, what: `${row.id} ${row.what}` })) : [total];
      for (const { what, sinceMs } of signs) output.write(`${label}: ${timed(what, nowMs - sinceMs)}\n`);
    },
    close: () => printed.clear(),
  };
}

function timed(what: string, ms: number, columns = Infinity): string {
  const time = ` (${clockText(ms)})`;
  return `${cut(what, columns - widthOf(time))}${time}`;
}
