/**
 * Finds what is wrong with a resolved fleet in the light of what exists: tenants being destroyed,
 * pools that would change their role or lose disk, more memory than the node has. Pure.
 */
import {
  hostMemMib,
  hostMemText,
  NO_MEM_OVERHEAD,
  type DesiredRows,
  type InstanceId,
  type NodeRow,
  type PoolRow,
} from "@mvm/core";
import type { Problem } from "./problems.ts";
import type { ResolvedPool, ResolvedTenant } from "./resolve-fleet.ts";

export function checkAgainstRows(
  tenants: readonly ResolvedTenant[],
  rows: DesiredRows,
  nodes: readonly NodeRow[],
): Problem[] {
  const destroying = new Set(
    rows.tenants.filter(({ standing }) => standing === "destroying").map(({ tenantId }) => tenantId),
  );
  const pools = new Map(rows.pools.map((pool) => [`${pool.tenantId}/${pool.poolId}`, pool]));
  const reported = reportedDataMib(nodes);
  return tenants.flatMap((tenant) => {
    if (destroying.has(tenant.tenantId)) {
      const problem: Problem = {
        code: "MVM_TENANT_BEING_DESTROYED",
        path: `${tenant.path}.tenant_id`,
        value: tenant.tenantId,
        message: `tenant '${tenant.tenantId}' is being destroyed`,
        remedy: "Wait until it is gone from mvm tenant list, then apply again: it comes back new and empty.",
      };
      return [problem];
    }
    return tenant.pools.flatMap((pool) => {
      const row = pools.get(`${tenant.tenantId}/${pool.poolId}`);
      return row === undefined ? [] : poolProblems(pool, row, heldDataMib(row, rows, reported));
    });
  });
}

/** What each instance's volume holds, as its node says; null from an agent that does not tell. */
function reportedDataMib(nodes: readonly NodeRow[]): ReadonlyMap<InstanceId, number | null> {
  const reports = nodes.flatMap(({ status }) => status?.instances ?? []);
  return new Map(
    reports.map(({ instance_id, volume_generation: generation, data_mib: dataMib }) => [
      instance_id,
      // A volume that no guest has mounted yet holds nothing that could be lost, however large it is to become.
      generation === 0 ? 0 : dataMib,
    ]),
  );
}

/**
 * What the largest data volume of a pool holds: as its node says, and for what no node tells of, as was asked for. A
 * wish that has not come true, such as for more than the host's disk has, can be taken back.
 */
function heldDataMib(
  { tenantId, poolId, resources }: PoolRow,
  { instances }: DesiredRows,
  reported: ReadonlyMap<InstanceId, number | null>,
): number {
  const own = instances.filter((instance) => instance.tenantId === tenantId && instance.poolId === poolId);
  const held = own.map(({ instanceId }) => reported.get(instanceId) ?? resources.data_mib);
  return held.length === 0 ? resources.data_mib : Math.max(...held);
}

function poolProblems(pool: ResolvedPool, row: PoolRow, heldMib: number): Problem[] {
  const problems: Problem[] = [];
  if (pool.type.role !== row.type.role) {
    problems.push({
      code: "MVM_FLEET_INVALID",
      path: `${pool.path}.role`,
      value: pool.type.role,
      message: `pool '${pool.poolId}' of tenant '${row.tenantId}' has the role '${row.type.role}'; another role must not get its data`,
      remedy: "Give the new role a pool_id of its own.",
    });
  }
  const { data_mib: dataMib } = pool.resources;
  // What a volume holds beyond the fleet's number is its own: a number that stays as it is changes nothing.
  if (dataMib < row.resources.data_mib && dataMib < heldMib) {
    problems.push({
      code: "MVM_FLEET_INVALID",
      path: `${pool.path}.resources.data_mib`,
      value: dataMib,
      message: `data_mib is ${dataMib}, but pool '${pool.poolId}' of tenant '${row.tenantId}' has data volumes of ${heldMib} MiB, which never shrink`,
      remedy: `Say ${heldMib} or more.`,
    });
  }
  return problems;
}

/**
 * Finds the pools with which the fleet wants more memory than the node has, by the node's own rule of
 * what a VM takes beyond its guest. What a node has is known from its status; before its first one
 * there is nothing to hold the fleet against, and the agent refuses what does not fit.
 */
export function checkCapacity(tenants: readonly ResolvedTenant[], node: NodeRow | null): Problem[] {
  const status = node?.status ?? null;
  if (node === null || status === null) return [];
  const { mem_mib: capacity, overhead = NO_MEM_OVERHEAD } = status.capacity;
  const remedy = "Lower desired counts or resources, or add memory to the node.";
  const problems: Problem[] = [];
  let sum = 0;
  for (const pool of tenants.flatMap((tenant) => tenant.pools)) {
    const { mem_mib: memMib } = pool.resources;
    const before = sum;
    const takenMib = hostMemMib(memMib, overhead);
    const taken = hostMemText(memMib, overhead);
    sum += takenMib * pool.running;
    if (pool.running > 0 && takenMib > capacity) {
      problems.push({
        code: "MVM_FLEET_CAPACITY",
        path: `${pool.path}.resources.mem_mib`,
        value: memMib,
        message: `an instance of ${taken} does not fit node '${node.nodeId}', which has ${capacity} MiB for instances`,
        remedy,
      });
    } else if (before <= capacity && sum > capacity) {
      problems.push({
        code: "MVM_FLEET_CAPACITY",
        path: `${pool.path}.desired_counts.running`,
        value: pool.running,
        message: `${pool.running} running instances of ${taken} do not fit node '${node.nodeId}', which has ${capacity} MiB for instances; pools before this one take ${before} MiB`,
        remedy,
      });
    }
  }
  return problems;
}
