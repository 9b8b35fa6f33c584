/** Spec and status of instances joined, and counted. Pure. */
import type { DesiredRows, InstanceCounts, InstanceRow, InstanceView, NodeRow, PoolRow, TenantRow } from "@mvm/core";
import { addressOf, macOf, tapOf } from "../allocate/instance-addresses.ts";
import { goalOf } from "../spec/goal.ts";

/** The instances among the rows as the operator sees them. */
export function instanceViews(rows: DesiredRows, nodes: readonly NodeRow[]): InstanceView[] {
  const tenants = new Map(rows.tenants.map((tenant) => [tenant.tenantId, tenant]));
  const pools = new Map(rows.pools.map((pool) => [`${pool.tenantId}/${pool.poolId}`, pool]));
  const reports = new Map(nodes.map((node) => [node.nodeId, reportOf(node)]));
  return rows.instances.flatMap((instance) => {
    const tenant = tenants.get(instance.tenantId);
    const pool = pools.get(`${instance.tenantId}/${instance.poolId}`);
    if (tenant === undefined || pool === undefined) return [];
    return [instanceView(instance, { tenant, pool, report: reports.get(instance.nodeId) ?? null })];
  });
}

export function countInstances(views: readonly InstanceView[]): InstanceCounts {
  const running = views.filter(({ status }) => status?.state === "running");
  return {
    total: views.length,
    wanted_running: views.filter(({ goal }) => goal === "running").length,
    running: running.length,
    ready: running.filter(({ status }) => status?.guest?.ready === true).length,
    held_stopped: views.filter(({ goal, hold }) => goal === "stopped" && hold?.wanted === "stopped").length,
    troubled: views.filter(({ status }) => status !== null && (status.condition !== null || status.refusal !== null))
      .length,
  };
}

type Report = ReturnType<typeof reportOf>;

function reportOf({ status, receivedAt }: NodeRow) {
  return {
    observedGeneration: status?.observed_generation ?? -1,
    receivedAt,
    instances: new Map(status?.instances.map((instance) => [instance.instance_id, instance])),
  };
}

function instanceView(
  instance: InstanceRow,
  of: { tenant: TenantRow; pool: PoolRow; report: Report | null },
): InstanceView {
  const { tenant, pool, report } = of;
  const status = report?.instances.get(instance.instanceId) ?? null;
  return {
    instance_id: instance.instanceId,
    tenant_id: instance.tenantId,
    pool_id: instance.poolId,
    number: instance.number,
    node: instance.nodeId,
    role: pool.type.role,
    profile: pool.type.profile,
    type_hash: pool.type.type_hash,
    revision: pool.revision,
    resources: pool.resources,
    ipv4: addressOf(tenant.network, instance.slot),
    mac: macOf(tenant.network, instance.slot),
    tap: tapOf(instance.slot),
    volume_uuid: instance.volumeUuid,
    ingress_port: instance.ingressPort,
    wanted: instance.wanted,
    hold: instance.hold,
    goal: goalOf(instance),
    connectors: Object.keys(tenant.connectors),
    generation: instance.generation,
    observed: report !== null && report.observedGeneration >= instance.generation,
    status,
    reported_at: status === null ? null : (report?.receivedAt ?? null),
  };
}
