/**
 * What a wait for instances shows while it lasts: a row for each of them and each node at work, and
 * how many are ready. Remembers which it has seen on their way, to say how long these took. Used by `wait.ts`.
 */
import type { Output } from "../../context.ts";
import { durationText } from "../../output/age.ts";
import { type BoardOptions, type BoardRow, type BoardTotal, openBoard } from "../../output/board.ts";
import { bootMs, sinceMs as stateSinceMs, stateWord } from "../../output/instance-words.ts";
import type { NodeWork, Watched } from "./watched.ts";

export interface WaitBoard {
  show(watched: readonly Watched[], work: readonly NodeWork[], nowMs: number): void;
  close(): void;
}

export interface WaitBoardOptions extends Pick<BoardOptions, "quiet"> {
  /** When the wait began, milliseconds since 1970. */
  readonly waitSinceMs: number;
  /** When the whole of it began. */
  readonly totalSinceMs: number;
}

export function openWaitBoard(output: Output, { quiet, waitSinceMs, totalSinceMs }: WaitBoardOptions): WaitBoard {
  const board = openBoard(output, { quiet, resultFollows: true });
  const seenUnready = new Set<string>();
  return {
    show(watched, work, nowMs) {
      for (const { id, view } of watched) if (view !== null && stateWord(view) !== "ready") seenUnready.add(id);
      const rows = watched.map((item) => instanceRow(item, waitSinceMs, seenUnready.has(item.id)));
      const nodes = work.map(({ node: id, what }) => ({ id, what, sinceMs: waitSinceMs, state: "open" as const }));
      board.show([...rows, ...nodes], nowMs, totalOf(watched, totalSinceMs));
    },
    close: () => board.close(),
  };
}

const STATES = { done: "done", waiting: "open", failed: "failed" } as const;

function instanceRow({ id, view, outcome }: Watched, waitSinceMs: number, wasUnready: boolean): BoardRow {
  const isNewlyReady = outcome.kind === "done" && wasUnready && view !== null && stateWord(view) === "ready";
  const tookMs = isNewlyReady ? bootMs(view) : null;
  return {
    id,
    what: tookMs === null ? outcome.what : `${outcome.what} after ${durationText(tookMs)}`,
    sinceMs: view === null || !view.observed ? waitSinceMs : stateSinceMs(view, waitSinceMs),
    state: STATES[outcome.kind],
  };
}

/** One alone says it in its row; those that are to stop never become ready. */
function totalOf(watched: readonly Watched[], sinceMs: number): BoardTotal | null {
  const starting = watched.filter(({ view }) => view?.goal === "running");
  if (starting.length < 2) return null;
  const ready = starting.filter(({ outcome }) => outcome.kind === "done").length;
  return { what: `${ready} of ${starting.length} instances ready`, sinceMs };
}
