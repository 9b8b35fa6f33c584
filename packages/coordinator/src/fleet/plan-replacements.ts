/**
 * What follows from a node's report that destroyed instances are gone: their rows go, and those
 * that the counts still want come back new; a destroyed tenant of which nothing is left goes too.
 * Pure; level-triggered: the same report leads to the same answer until the rows have gone.
 */
import type {
  ChangedRows,
  DesiredRows,
  InstanceId,
  InstanceRow,
  NodeRow,
  NodeStatus,
  PoolRow,
  TenantId,
  TenantRow,
} from "@mvm/core";
import { newInstance, type PlanContext } from "./new-instance.ts";
import { isSeen } from "./peer-changes.ts";
import { missingNumbers } from "./plan-pool.ts";

/** The instances that are to be destroyed and are, by their node's newest status. */
export function goneInstances(rows: DesiredRows, nodes: readonly NodeRow[]): InstanceRow[] {
  const statuses = new Map(nodes.map(({ nodeId, status }) => [nodeId, status]));
  return rows.instances.filter((instance) => {
    const status = statuses.get(instance.nodeId) ?? null;
    return instance.wanted === "destroyed" && status !== null && isGone(instance, status);
  });
}

/** A status made before the order, or before the instance was known to the node, says nothing. */
function isGone(instance: InstanceRow, status: NodeStatus): boolean {
  if (status.observed_generation < instance.generation) return false;
  const reported = status.instances.find(({ instance_id: id }) => id === instance.instanceId);
  return reported === undefined || reported.state === "destroyed";
}

/** The tenants that are to be destroyed and of which no instance and no node has anything left. */
export function goneTenants(rows: DesiredRows, nodes: readonly NodeRow[]): TenantId[] {
  const inhabited = new Set(rows.instances.map(({ tenantId }) => tenantId));
  return rows.tenants
    .filter((tenant) => tenant.standing === "destroying" && !inhabited.has(tenant.tenantId))
    .filter((tenant) => nodes.every((node) => holdsNothing(tenant, node)))
    .map(({ tenantId }) => tenantId);
}

function holdsNothing(tenant: TenantRow, { status, generation }: NodeRow): boolean {
  // A node that never reported never got a spec. One that is up to date knows all that concerns it.
  if (status === null) return true;
  const isCurrent = status.observed_generation >= Math.min(tenant.generation, generation);
  return isCurrent && !status.tenants.includes(tenant.tenantId);
}

export interface Replacements {
  readonly removed: readonly InstanceId[];
  readonly successors: ChangedRows;
}

/**
 * The rows that take the place of `gone`.
 * @param left all rows but those of `gone`, whose addresses are free again
 * @throws MvmError MVM_NET_EXHAUSTED
 */
export function planReplacements(gone: readonly InstanceRow[], left: DesiredRows, context: PlanContext): Replacements {
  const concerned = new Set(gone.map(poolKey));
  const instances = Map.groupBy(left.instances, poolKey);
  const tenants = left.tenants.filter(
    ({ tenantId, standing }) => standing === "present" && gone.some((instance) => instance.tenantId === tenantId),
  );
  const successors = tenants.flatMap((tenant) =>
    left.pools
      .filter((pool) => pool.tenantId === tenant.tenantId && !pool.released && concerned.has(poolKey(pool)))
      .flatMap((pool) =>
        missingNumbers(pool.running, instances.get(poolKey(pool)) ?? []).map((number) =>
          newInstance({ tenant, pool, number }, context),
        ),
      ),
  );
  return {
    removed: gone.map(({ instanceId }) => instanceId),
    successors: {
      tenants: tenants.map((tenant) => ({
        ...tenant,
        nextSlot: context.session.nextSlot(tenant),
        configVersion: tenant.configVersion + (losesPeers(tenant, gone, left.pools) ? 1 : 0),
      })),
      pools: [],
      instances: successors,
      counters: context.session.counters(),
    },
  };
}

/** Whether the config drives of the tenant's other instances name what is gone: a successor has another address. */
function losesPeers({ tenantId }: TenantRow, gone: readonly InstanceRow[], pools: readonly PoolRow[]): boolean {
  const seen = new Set(pools.filter(({ type }) => isSeen(type)).map(poolKey));
  return gone.some((instance) => instance.tenantId === tenantId && seen.has(poolKey(instance)));
}

function poolKey({ tenantId, poolId }: Pick<PoolRow, "tenantId" | "poolId">): string {
  return `${tenantId}/${poolId}`;
}
