/** What the journal holds and the spec does not name: what was begun is ended, the rest is left alone. Pure. */
import type { InstanceId, NodeSpec } from "@mvm/core";
import type { Reason } from "../journal/operation-record.ts";
import { moveOfUnnamed, operationOf } from "./moves.ts";
import type { Action, Observed, ObservedInstance } from "./plan.ts";

/** @param named the instances that the spec names */
export function unnamedActions(
  spec: NodeSpec,
  observed: Observed,
  facts: { readonly named: ReadonlyMap<InstanceId, unknown>; readonly nowMs: number },
): readonly Action[] {
  const { generation, config_hash } = spec;
  const reason: Reason = {
    cause: "recovery",
    claimed_by: null,
    text: "the spec does not name it",
    generation,
    config_hash,
  };
  const unnamed = [...observed.instances].filter(([id]) => !facts.named.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
  return unnamed.flatMap(([id, seen]): Action[] => {
    const move = moveOfUnnamed(seen);
    if (move === "forget") return [{ kind: "forget", id }];
    return move === "none" || isTooEarly(seen, move, facts.nowMs) ? [] : [{ kind: move, id, reason }];
  });
}

function isTooEarly(seen: ObservedInstance, move: "resume" | "release", nowMs: number): boolean {
  const { failed } = seen;
  return failed !== null && failed.operation === operationOf(move, seen) && nowMs < (failed.retryAtMs ?? 0);
}
