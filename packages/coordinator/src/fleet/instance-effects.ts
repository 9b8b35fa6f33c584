/** What a change of its pool or tenant means for an instance that exists, in one change or none. Pure. */
import { restartReasons, timeText, type FleetChange, type InstanceRow, type PoolRow } from "@mvm/core";
import { makingOf } from "./pool-making.ts";

export interface InstanceChange {
  readonly before: InstanceRow;
  readonly after: InstanceRow;
  readonly poolBefore: PoolRow;
  readonly poolAfter: PoolRow;
  /** What its drives will hold anew, in words. */
  readonly pending: readonly string[];
}

/** The change that `fleet plan` shows of the instance; null when it feels nothing. */
export function instanceEffect(change: InstanceChange): FleetChange | null {
  const { before, after } = change;
  if (after.wanted === "destroyed") return null;
  const named = {
    kind: "instance",
    tenant_id: after.tenantId,
    pool_id: after.poolId,
    instance_id: after.instanceId,
  } as const;
  if (before.wanted !== after.wanted) {
    const action = after.wanted === "running" ? "start" : "stop";
    return { ...named, action, reason: countsReason(change) + holdSuffix(after, after.wanted) };
  }
  if ((after.hold?.wanted ?? after.wanted) !== "running") return null;
  const restarts = restartReasons(makingOf(change.poolBefore), makingOf(change.poolAfter));
  if (restarts.length > 0) return { ...named, action: "restart", reason: restarts.join(", ") };
  if (change.pending.length === 0) return null;
  return { ...named, action: "pending", reason: `seen at its next start: ${change.pending.join(", ")}` };
}

function countsReason({ after, poolAfter }: InstanceChange): string {
  if (after.wanted === "running") return `the pool keeps ${poolAfter.running} running`;
  if (poolAfter.released) return "it is no longer in the fleet; its data is kept";
  return `the pool keeps ${poolAfter.running} running; its data is kept`;
}

/** A hold that asks for something else delays what the counts want. */
function holdSuffix({ hold }: InstanceRow, wanted: "running" | "stopped"): string {
  if (hold === null || hold.wanted === wanted) return "";
  return hold.until === null
    ? "; a hold delays it until it is released"
    : `; a hold delays it until ${timeText(hold.until)}`;
}
