/**
 * How the coordinator's rows stand in SQLite: a schema that decodes each table's columns, and the
 * parameters that write them. A corrupted column is an error here, never a wrong value further in.
 */
import * as z from "zod";
import { AuditEntry } from "../../../audit/entry.ts";
import { ConnectorSettings, Egress, Fleet, ModelSettings } from "../../../fleet/schema.ts";
import { InstanceId, NodeId, PoolId, RevisionId, SecretName, TenantId } from "../../../ids.ts";
import { Hold } from "../../../spec/node-spec.ts";
import { NodeStatus } from "../../../spec/node-status.ts";
import { Resources } from "../../../types/declarations.ts";
import { ResolvedType } from "../../../types/resolved-type.ts";
import type { FleetRow, InstanceRow, NodeRow, PoolRow, SecretRow, TenantRow } from "../../rows.ts";
import { jsonColumn, type SqlParams } from "./database.ts";

const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);
const jsonOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const fleetRow = z
  .object({
    version: z.int(),
    source_hash: z.string().nullable(),
    applied_at: z.string().nullable(),
    applied_by: z.string().nullable(),
    fleet: jsonColumn(Fleet),
  })
  .transform((row): FleetRow => ({
    version: row.version,
    sourceHash: row.source_hash,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    fleet: row.fleet,
  }));

export const tenantRow = z
  .object({
    tenant_id: TenantId,
    standing: z.enum(["present", "released", "destroying"]),
    tenant_net_id: z.int(),
    subnet_base: z.int(),
    subnet_prefix_length: z.int(),
    uplink_base: z.int(),
    namespace: z.string(),
    host_interface: z.string(),
    next_slot: z.int(),
    egress: jsonColumn(Egress),
    model: jsonColumn(ModelSettings).nullable(),
    connectors: jsonColumn(ConnectorSettings),
    secrets_epoch: z.int(),
    config_version: z.int(),
    generation: z.int(),
    created_at: z.string(),
  })
  .transform((row): TenantRow => ({
    tenantId: row.tenant_id,
    standing: row.standing,
    network: {
      tenantNetId: row.tenant_net_id,
      subnetBase: row.subnet_base,
      subnetPrefixLength: row.subnet_prefix_length,
      uplinkBase: row.uplink_base,
      namespace: row.namespace,
      hostInterface: row.host_interface,
    },
    nextSlot: row.next_slot,
    egress: row.egress,
    model: row.model,
    connectors: row.connectors,
    secretsEpoch: row.secrets_epoch,
    configVersion: row.config_version,
    generation: row.generation,
    createdAt: row.created_at,
  }));

export function tenantParams(row: TenantRow, generation: number): SqlParams {
  return {
    tenant_id: row.tenantId,
    standing: row.standing,
    tenant_net_id: row.network.tenantNetId,
    subnet_base: row.network.subnetBase,
    subnet_prefix_length: row.network.subnetPrefixLength,
    uplink_base: row.network.uplinkBase,
    namespace: row.network.namespace,
    host_interface: row.network.hostInterface,
    next_slot: row.nextSlot,
    egress: JSON.stringify(row.egress),
    model: jsonOrNull(row.model),
    connectors: JSON.stringify(row.connectors),
    secrets_epoch: row.secretsEpoch,
    config_version: row.configVersion,
    generation,
    created_at: row.createdAt,
  };
}

export const poolRow = z
  .object({
    tenant_id: TenantId,
    pool_id: PoolId,
    type: jsonColumn(ResolvedType),
    revision: RevisionId,
    resources: jsonColumn(Resources),
    running: z.int(),
    released: flag,
  })
  .transform(({ tenant_id: tenantId, pool_id: poolId, ...row }): PoolRow => ({ tenantId, poolId, ...row }));

export function poolParams(row: PoolRow): SqlParams {
  return {
    tenant_id: row.tenantId,
    pool_id: row.poolId,
    type: JSON.stringify(row.type),
    revision: row.revision,
    resources: JSON.stringify(row.resources),
    running: row.running,
    released: row.released ? 1 : 0,
  };
}

export const instanceRow = z
  .object({
    instance_id: InstanceId,
    tenant_id: TenantId,
    pool_id: PoolId,
    number: z.int(),
    node_id: NodeId,
    slot: z.int(),
    volume_uuid: z.string(),
    ingress_port: z.int().nullable(),
    wanted: z.enum(["running", "stopped", "destroyed"]),
    hold: jsonColumn(Hold).nullable(),
    generation: z.int(),
    created_at: z.string(),
  })
  .transform((row): InstanceRow => ({
    instanceId: row.instance_id,
    tenantId: row.tenant_id,
    poolId: row.pool_id,
    number: row.number,
    nodeId: row.node_id,
    slot: row.slot,
    volumeUuid: row.volume_uuid,
    ingressPort: row.ingress_port,
    wanted: row.wanted,
    hold: row.hold,
    generation: row.generation,
    createdAt: row.created_at,
  }));

export function instanceParams(row: InstanceRow, generation: number): SqlParams {
  return {
    instance_id: row.instanceId,
    tenant_id: row.tenantId,
    pool_id: row.poolId,
    number: row.number,
    node_id: row.nodeId,
    slot: row.slot,
    volume_uuid: row.volumeUuid,
    ingress_port: row.ingressPort,
    wanted: row.wanted,
    hold: jsonOrNull(row.hold),
    generation,
    created_at: row.createdAt,
  };
}

export const secretRow = z
  .object({
    tenant_id: TenantId,
    name: SecretName,
    sealed: z.string(),
    generated: flag,
    epoch: z.int(),
    changed_at: z.string(),
  })
  .transform(({ tenant_id: tenantId, changed_at: changedAt, ...row }): SecretRow => ({ tenantId, changedAt, ...row }));

export function secretParams(row: SecretRow): SqlParams {
  return {
    tenant_id: row.tenantId,
    name: row.name,
    sealed: row.sealed,
    generated: row.generated ? 1 : 0,
    epoch: row.epoch,
    changed_at: row.changedAt,
  };
}

/** Nodes with the chains of theirs that are refused, for a condition or an order to be added. */
export const NODE_ROWS = `
  SELECT nodes.*, (
    SELECT json_group_array(json_object('tenantId', nullif(tenant_id, ''), 'problem', problem))
    FROM (SELECT * FROM refused_chains WHERE refused_chains.node_id = nodes.node_id ORDER BY tenant_id)
  ) AS refused_chains FROM nodes`;

export const nodeRow = z
  .object({
    node_id: NodeId,
    generation: z.int(),
    status: jsonColumn(NodeStatus).nullable(),
    received_at: z.string().nullable(),
    refused_chains: jsonColumn(z.array(z.object({ tenantId: TenantId.nullable(), problem: z.string() }))),
  })
  .transform((row): NodeRow => ({
    nodeId: row.node_id,
    generation: row.generation,
    status: row.status,
    receivedAt: row.received_at,
    refusedChains: row.refused_chains,
  }));

export const auditRow = z.object({ record: z.int(), entry: jsonColumn(AuditEntry) });
