/**
 * Plans one pool: its row and its instances. Growing adds the next numbers, shrinking stops the
 * highest ones, and neither erases anything. Pure but for the session's bookkeeping.
 */
import { restartReasons, type FleetChange, type InstanceRow, type PoolRow, type TenantRow } from "@mvm/core";
import { instanceEffect } from "./instance-effects.ts";
import { newInstance, type PlanContext } from "./new-instance.ts";
import { makingOf } from "./pool-making.ts";
import type { ResolvedPool } from "./resolve-fleet.ts";
import { sameValue } from "./same-value.ts";

/** What becomes of one pool: only rows that are new or changed. */
export interface PoolDecision {
  readonly changes: readonly FleetChange[];
  readonly pool: PoolRow | null;
  readonly instances: readonly InstanceRow[];
}

export interface PoolSetting {
  readonly tenant: TenantRow;
  /** The pool as it is; null: it is new. */
  readonly before: PoolRow | null;
  /** Its instances. */
  readonly instances: readonly InstanceRow[];
  /** What its instances' drives will hold anew, in words. */
  readonly pending: readonly string[];
  readonly context: PlanContext;
}

/** A pool that the fleet names. */
export function planPool(
  wanted: ResolvedPool,
  { tenant, before, instances, pending, context }: PoolSetting,
): PoolDecision {
  const { poolId, type, revision, resources, running } = wanted;
  const after: PoolRow = { tenantId: tenant.tenantId, poolId, type, revision, resources, running, released: false };
  const moved = instances.map((instance) => ({ before: instance, after: recount(instance, after, context) }));
  const added = missingNumbers(running, instances).map((number) =>
    newInstance({ tenant, pool: after, number }, context),
  );
  const effects = moved.flatMap((instance) =>
    before === null ? [] : (instanceEffect({ ...instance, poolBefore: before, poolAfter: after, pending }) ?? []),
  );
  const created = added.map(({ instanceId }): FleetChange => ({
    ...poolChange(after, "create", "new, with an empty data volume"),
    kind: "instance",
    instance_id: instanceId,
  }));
  return {
    changes: [...poolChanges(before, after), ...effects, ...created],
    pool: before !== null && sameValue(before, after) ? null : after,
    instances: [
      ...moved.filter((instance) => !sameValue(instance.before, instance.after)).map((instance) => instance.after),
      ...added,
    ],
  };
}

/** The numbers below `running` that have no instance. */
export function missingNumbers(running: number, instances: readonly InstanceRow[]): number[] {
  const numbers = new Set(instances.map(({ number }) => number));
  return Array.from({ length: running }, (_, number) => number).filter((number) => !numbers.has(number));
}

/** A pool that vanished from the fleet: stopped, nothing erased. Its type follows what is declared now. */
export function releasePool(pool: PoolRow, instances: readonly InstanceRow[], context: PlanContext): PoolDecision {
  const type = context.typeOf(pool.type.role, pool.type.profile) ?? pool.type;
  const after: PoolRow = { ...pool, type, running: 0, released: true };
  if (pool.released) return { changes: [], pool: sameValue(pool, after) ? null : after, instances: [] };
  const stopped = instances
    .filter((instance) => instance.poolId === pool.poolId && instance.wanted === "running")
    .map((before) => ({ before, after: { ...before, wanted: "stopped" } satisfies InstanceRow }));
  const effects = stopped.flatMap(
    (instance) => instanceEffect({ ...instance, poolBefore: pool, poolAfter: after, pending: [] }) ?? [],
  );
  return {
    changes: [
      poolChange(after, "release", "it is no longer in the fleet: its instances stop and keep their data"),
      ...effects,
    ],
    pool: after,
    instances: stopped.map((instance) => instance.after),
  };
}

/** What an existing instance is to be under the pool's new counts and type. */
function recount(instance: InstanceRow, pool: PoolRow, { session }: PlanContext): InstanceRow {
  if (instance.wanted === "destroyed") return instance;
  const ingressPort = pool.type.expose_ingress ? (instance.ingressPort ?? session.ingressPort(instance.nodeId)) : null;
  return { ...instance, wanted: instance.number < pool.running ? "running" : "stopped", ingressPort };
}

function poolChanges(before: PoolRow | null, after: PoolRow): FleetChange[] {
  const { role, profile } = after.type;
  if (before === null)
    return [poolChange(after, "create", `${role}/${profile}, revision ${after.revision}, ${after.running} running`)];
  const reasons = [
    ...(before.released ? ["back in the fleet"] : []),
    ...(before.running === after.running ? [] : [`running ${before.running} → ${after.running}`]),
    ...restartReasons(makingOf(before), makingOf(after)),
    ...dataReasons(before.resources.data_mib, after.resources.data_mib),
  ];
  return reasons.length === 0 ? [] : [poolChange(after, "change", reasons.join(", "))];
}

/** Volumes never shrink, which is checked before: less than was asked for is no less than they hold. */
function dataReasons(beforeMib: number, afterMib: number): readonly string[] {
  if (beforeMib === afterMib) return [];
  const how =
    afterMib < beforeMib
      ? "a growth that has not begun is taken back"
      : beforeMib === 0
        ? "instances get their volumes at their next start"
        : "volumes of running instances grow at once, others at their next start";
  return [`data ${beforeMib} → ${afterMib} MiB; ${how}`];
}

function poolChange(pool: PoolRow, action: FleetChange["action"], reason: string): FleetChange {
  return { action, kind: "pool", tenant_id: pool.tenantId, pool_id: pool.poolId, instance_id: null, reason };
}
