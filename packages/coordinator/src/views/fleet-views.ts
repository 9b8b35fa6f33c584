/** Tenants, pools, nodes and secrets as the operator sees them. Pure. */
import {
  typeKey,
  type DesiredRows,
  type InstanceView,
  type NodeRow,
  type NodeView,
  type PoolRow,
  type PoolView,
  type SecretRow,
  type SecretView,
  type TenantRow,
  type TenantView,
} from "@mvm/core";
import { networkSpec } from "../spec/build-node-spec.ts";
import { countInstances } from "./instance-view.ts";

export function tenantViews(rows: DesiredRows, instances: readonly InstanceView[]): TenantView[] {
  const poolsOf = Map.groupBy(rows.pools, ({ tenantId }) => tenantId);
  const instancesOf = Map.groupBy(instances, ({ tenant_id: tenantId }) => tenantId);
  return rows.tenants.map((tenant: TenantRow) => {
    const pools = poolsOf.get(tenant.tenantId) ?? [];
    return {
      tenant_id: tenant.tenantId,
      standing: tenant.standing,
      network: networkSpec(tenant, pools),
      model: tenant.model,
      connectors: tenant.connectors,
      secrets_epoch: tenant.secretsEpoch,
      config_version: tenant.configVersion,
      pools: pools.map(({ poolId }) => poolId),
      instances: countInstances(instancesOf.get(tenant.tenantId) ?? []),
    };
  });
}

export function poolViews(rows: DesiredRows, instances: readonly InstanceView[]): PoolView[] {
  const instancesOf = Map.groupBy(instances, (instance) => `${instance.tenant_id}/${instance.pool_id}`);
  return rows.pools.map((pool) => ({
    tenant_id: pool.tenantId,
    pool_id: pool.poolId,
    role: pool.type.role,
    profile: pool.type.profile,
    type_hash: pool.type.type_hash,
    revision: pool.revision,
    resources: pool.resources,
    desired_counts: { running: pool.running },
    released: pool.released,
    instances: countInstances(instancesOf.get(`${pool.tenantId}/${pool.poolId}`) ?? []),
  }));
}

export function nodeView({ nodeId, generation, status, receivedAt, refusedChains }: NodeRow): NodeView {
  const problems = refusedChains.map(({ tenantId, problem }) => ({ tenant_id: tenantId, problem }));
  return { node: nodeId, generation, received_at: receivedAt, audit_problems: problems, status };
}

/** The secrets that a tenant's types declare or that it has, by name. */
export function secretViews(pools: readonly PoolRow[], held: readonly SecretRow[]): SecretView[] {
  const rows = new Map(held.map((row) => [row.name, row]));
  const types = new Map(pools.map(({ type }) => [typeKey(type.role, type.profile), type]));
  const declared = [...types.values()].flatMap(({ secrets }) => secrets.map(({ name }) => name));
  const names = [...new Set([...declared, ...rows.keys()])].sort();
  return names.map((name) => {
    const row = rows.get(name);
    const seeing = [...types].filter(([, type]) => type.secrets.some((secret) => secret.name === name));
    return {
      name,
      set: row !== undefined,
      generated: row?.generated ?? false,
      required: seeing.some(([, type]) => type.secrets.some((secret) => secret.name === name && secret.required)),
      epoch: row?.epoch ?? null,
      changed_at: row?.changedAt ?? null,
      seen_by: seeing.map(([key]) => key).sort(),
    };
  });
}
