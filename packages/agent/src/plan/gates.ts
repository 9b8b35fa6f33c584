/**
 * Whether a move may be made now: backoff, order, memory, places to boot. Each gate lets pass (null)
 * or says what is waited for. Pure; the first gate that holds decides.
 */
import { exactTimeText, hostMemMib, hostMemText, isoTime } from "@mvm/core";
import { isRetryDue } from "./backoff.ts";
import { operationOf, type Move } from "./moves.ts";
import { awaitedBeforeStart, awaitedBeforeStop, type DecidedView } from "./order.ts";
import type { Decision, PlanPolicy } from "./plan.ts";
import { refusal } from "./refusals.ts";
import type { Room } from "./room.ts";

/** What a gate that holds says of it. */
export type Held = Partial<Pick<Decision, "rule" | "refusal" | "waitingFor" | "untilMs">>;

export interface GateState {
  readonly all: readonly DecidedView[];
  readonly room: Room;
  readonly policy: PlanPolicy;
  /** Of the spec that is planned from. */
  readonly generation: number;
  readonly nowMs: number;
}

type Gate = (view: DecidedView, move: Move, state: GateState) => Held | null;

const gates: readonly Gate[] = [finalFailureGate, backoffGate, startOrderGate, stopOrderGate, memoryGate, bootGate];

export function heldAtGate(view: DecidedView, move: Move, state: GateState): Held | null {
  for (const gate of gates) {
    const held = gate(view, move, state);
    if (held !== null) return held;
  }
  return null;
}

/** A start that can't succeed is not repeated: another spec, or a person who asks again, makes another start of it. */
function finalFailureGate({ seen }: DecidedView, move: Move, { generation }: GateState): Held | null {
  const { failed, madeFrom } = seen;
  if (move !== "start" || failed?.operation !== "start" || failed.retryAtMs !== null) return null;
  if (madeFrom?.generation !== generation) return null;
  return { waitingFor: `a change of the spec or a manual start: ${failed.message}` };
}

function backoffGate({ seen }: DecidedView, move: Move, { nowMs }: GateState): Held | null {
  const { failed } = seen;
  if (failed === null || failed.operation !== operationOf(move, seen)) return null;
  if (failed.retryAtMs === null || isRetryDue(failed.retryAtMs, nowMs)) return null;
  return {
    waitingFor: `the next try at ${exactTimeText(isoTime(failed.retryAtMs))}: ${failed.message}`,
    untilMs: failed.retryAtMs,
  };
}

function startOrderGate(view: DecidedView, move: Move, { all }: GateState): Held | null {
  const awaited = move === "start" ? awaitedBeforeStart(view, all) : [];
  return awaited.length === 0 ? null : { waitingFor: `${names(awaited)} to be ready` };
}

function stopOrderGate(view: DecidedView, move: Move, { all }: GateState): Held | null {
  const isOrderly =
    (move === "stop" || move === "destroy") && view.seen.state === "running" && view.decision.wish !== "running";
  const awaited = isOrderly ? awaitedBeforeStop(view, all) : [];
  return awaited.length === 0 ? null : { waitingFor: `${names(awaited)} to be down` };
}

function memoryGate({ id, pool }: DecidedView, move: Move, { room, policy }: GateState): Held | null {
  const { mem_mib: memMib } = pool.resources;
  if (move !== "start" || hostMemMib(memMib, policy.memOverhead) <= room.freeMemMib()) return null;
  const message = `${id} needs ${hostMemText(memMib, policy.memOverhead)}, ${Math.max(0, room.freeMemMib())} of ${policy.guestMemMib} MiB for guests are free`;
  return { rule: "capacity", refusal: refusal("capacity", "MVM_FLEET_CAPACITY", { message }) };
}

function bootGate(_: DecidedView, move: Move, { room, policy }: GateState): Held | null {
  const booting = room.booting();
  if (move !== "start" || booting.length < policy.parallelStarts) return null;
  return {
    waitingFor: `a place to boot; ${booting.join(", ")} ${booting.length === 1 ? "is" : "are"} booting`,
    untilMs: room.bootEndsAtMs,
  };
}

function names(views: readonly DecidedView[]): string {
  return views.map(({ id }) => id).join(", ");
}
