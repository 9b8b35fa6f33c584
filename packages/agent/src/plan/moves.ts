/**
 * The next move of one instance as tables: what it is in × what is wanted. Pure.
 *
 * A move is only what comes next; whether it may be made now is for the gates to say.
 */
import type { InstanceState } from "@mvm/core";
import type { OperationKind } from "../journal/operation-record.ts";
import type { ObservedInstance, Wish } from "./plan.ts";

export type Move = "none" | "start" | "stop" | "grow" | "withdraw" | "destroy" | "release" | "resume" | "interrupt";

/** A growth leads from a state to itself, so its moves never come of the tables (`growths.ts`). */
export type TableMove = Exclude<Move, "grow" | "withdraw">;
type Row = Readonly<Record<Wish, TableMove>>;

/** Nothing is being worked on. */
const idle: Readonly<Record<InstanceState, Row>> = {
  stopped: { running: "start", stopped: "none", destroyed: "destroy" },
  starting: { running: "resume", stopped: "stop", destroyed: "destroy" },
  running: { running: "none", stopped: "stop", destroyed: "destroy" },
  stopping: { running: "resume", stopped: "resume", destroyed: "destroy" },
  destroying: { running: "resume", stopped: "resume", destroyed: "resume" },
  destroyed: { running: "none", stopped: "none", destroyed: "none" },
};

/** An operation is being worked on: a newer intent ends it where that is safe, else waits for its end. */
const busy: Readonly<Record<OperationKind, Row>> = {
  start: { running: "none", stopped: "interrupt", destroyed: "interrupt" },
  stop: { running: "none", stopped: "none", destroyed: "interrupt" },
  grow: { running: "none", stopped: "interrupt", destroyed: "interrupt" },
  release: { running: "none", stopped: "none", destroyed: "none" },
  destroy: { running: "none", stopped: "none", destroyed: "none" },
};

/** What comes next for an instance that the spec names. */
export function moveTowards(wish: Wish, seen: ObservedInstance): TableMove {
  if (seen.busy !== null) return busy[seen.busy][wish];
  if (wish === "destroyed") return idle[seen.state].destroyed;
  if (seen.state === "running" && seen.vmLost) return "release";
  // What an ended VM or a failed start held is given back before anything new begins.
  if (seen.state === "stopped" && seen.open !== null) return "resume";
  return idle[seen.state][wish];
}

/** What comes next for one that the spec does not name: what was begun is ended, nothing else is touched. */
export function moveOfUnnamed(seen: ObservedInstance): "none" | "resume" | "release" | "forget" {
  if (seen.busy !== null) return "none";
  if (seen.open !== null) return "resume";
  if (seen.state === "running" && seen.vmLost) return "release";
  return seen.state === "destroyed" ? "forget" : "none";
}

/** The operation that a move begins or goes on with. */
export function operationOf(move: Move, seen: ObservedInstance): OperationKind | null {
  if (move === "resume" || move === "withdraw") return seen.open;
  return move === "none" || move === "interrupt" ? null : move;
}
