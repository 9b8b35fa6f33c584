/**
 * The node's spec from the rows that concern it. Pure: equal rows give equal documents, so that a
 * spec can be built again at any time and means the same as long as its generation stands.
 */
import {
  formatAddress,
  formatRange,
  type InstanceRow,
  type InstanceSpec,
  type NodeRows,
  type NodeSpec,
  type PoolRow,
  type PoolSpec,
  type ResolvedType,
  type TenantNetworkSpec,
  type TenantRow,
  type TenantSpec,
} from "@mvm/core";
import { addressOf, bridgeAddress, macOf, subnetOf, tapOf } from "../allocate/instance-addresses.ts";

const NAMESPACE_INTERFACE = "up0";
const UPLINK_HOST_OFFSET = 1;
const UPLINK_NAMESPACE_OFFSET = 2;

export function buildNodeSpec(rows: NodeRows, configHash: string): NodeSpec {
  const pools = Map.groupBy(rows.pools, ({ tenantId }) => tenantId);
  const instances = Map.groupBy(rows.instances, ({ tenantId, poolId }) => `${tenantId}/${poolId}`);
  const secrets = Map.groupBy(rows.secrets, ({ tenantId }) => tenantId);
  return {
    schema_version: 1,
    node: rows.node.nodeId,
    generation: rows.node.generation,
    config_hash: configHash,
    types: typesOf(rows.pools),
    tenants: rows.tenants.map((tenant): TenantSpec => {
      const own = pools.get(tenant.tenantId) ?? [];
      return {
        tenant_id: tenant.tenantId,
        wanted: tenant.standing === "destroying" ? "destroyed" : "present",
        network: networkSpec(tenant, own),
        secrets_epoch: tenant.secretsEpoch,
        secrets: Object.fromEntries((secrets.get(tenant.tenantId) ?? []).map(({ name, sealed }) => [name, sealed])),
        config_version: tenant.configVersion,
        model: tenant.model,
        connectors: tenant.connectors,
        pools: own.map((pool) =>
          poolSpec(pool, { tenant, instances: instances.get(`${pool.tenantId}/${pool.poolId}`) ?? [] }),
        ),
      };
    }),
  };
}

/** The tenant's network; the uplink only when ingress or egress needs it. */
export function networkSpec(tenant: TenantRow, pools: readonly PoolRow[]): TenantNetworkSpec {
  const { network, egress } = tenant;
  const needsUplink = egress.policy !== "deny" || pools.some(({ type }) => type.expose_ingress);
  return {
    tenant_net_id: network.tenantNetId,
    ipv4_subnet: formatRange(subnetOf(network)),
    bridge_ipv4: bridgeAddress(network),
    namespace: network.namespace,
    uplink: needsUplink
      ? {
          host_interface: network.hostInterface,
          namespace_interface: NAMESPACE_INTERFACE,
          host_ipv4: formatAddress(network.uplinkBase + UPLINK_HOST_OFFSET),
          namespace_ipv4: formatAddress(network.uplinkBase + UPLINK_NAMESPACE_OFFSET),
        }
      : null,
    egress,
  };
}

export function instanceSpec(instance: InstanceRow, tenant: Pick<TenantRow, "network">): InstanceSpec {
  return {
    instance_id: instance.instanceId,
    number: instance.number,
    ipv4: addressOf(tenant.network, instance.slot),
    mac: macOf(tenant.network, instance.slot),
    tap: tapOf(instance.slot),
    volume_uuid: instance.volumeUuid,
    ingress_port: instance.ingressPort,
    wanted: instance.wanted,
    hold: instance.hold,
  };
}

function poolSpec(
  pool: PoolRow,
  of: { readonly tenant: TenantRow; readonly instances: readonly InstanceRow[] },
): PoolSpec {
  return {
    pool_id: pool.poolId,
    role: pool.type.role,
    profile: pool.type.profile,
    revision: pool.revision,
    type_hash: pool.type.type_hash,
    resources: pool.resources,
    desired_counts: { running: pool.running },
    instances: of.instances.map((instance) => instanceSpec(instance, of.tenant)),
  };
}

/**
 * Every type in use once. Of two that differ in nothing that a guest can see, the one of a pool in the fleet stands:
 * a pool that was released before may lag behind.
 */
function typesOf(pools: readonly PoolRow[]): Record<string, ResolvedType> {
  const byAge = pools.toSorted((a, b) => Number(b.released) - Number(a.released));
  return Object.fromEntries(byAge.map(({ type }) => [type.type_hash, type]));
}
