/**
 * Finds what is wrong with a resolved fleet in the light of what exists: tenants being destroyed,
 * pools that would change their role or lose disk, more memory than the node has. Pure.
 */
import { hostMemMib, hostMemText, NO_MEM_OVERHEAD, type DesiredRows, type NodeRow, type PoolRow } from "@mvm/core";
import type { Problem } from "./problems.ts";
import type { ResolvedPool, ResolvedTenant } from "./resolve-fleet.ts";

export function checkAgainstRows(tenants: readonly ResolvedTenant[], rows: DesiredRows): Problem[] {
  const destroying = new Set(
    rows.tenants.filter(({ standing }) => standing === "destroying").map(({ tenantId }) => tenantId),
  );
  const pools = new Map(rows.pools.map((pool) => [`${pool.tenantId}/${pool.poolId}`, pool]));
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
      return row === undefined ? [] : poolProblems(pool, row);
    });
  });
}

function poolProblems(pool: ResolvedPool, row: PoolRow): Problem[] {
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
  if (pool.resources.data_mib < row.resources.data_mib) {
    problems.push({
      code: "MVM_FLEET_INVALID",
      path: `${pool.path}.resources.data_mib`,
      value: pool.resources.data_mib,
      message: `data_mib is ${pool.resources.data_mib}, but pool '${pool.poolId}' of tenant '${row.tenantId}' has data volumes of ${row.resources.data_mib} MiB, which never shrink`,
      remedy: `Say ${row.resources.data_mib} or more.`,
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
