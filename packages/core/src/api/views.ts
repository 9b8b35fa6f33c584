/**
 * What the operator API shows of things: spec and status joined, one schema a thing. Also the
 * `--json` documents of the CLI's list and show commands. Secret values stand in none of them.
 */
import * as z from "zod";
import { AuditEntry } from "../audit/entry.ts";
import { ConnectorSettings, Egress, Fleet, ModelSettings } from "../fleet/schema.ts";
import { InstanceId, NodeId, PoolId, RevisionId, SecretName, TenantId, TypeName } from "../ids.ts";
import { Hold, Uplink } from "../spec/node-spec.ts";
import { InstanceStatus, NodeStatus } from "../spec/node-status.ts";
import { Resources } from "../types/declarations.ts";

export const FleetView = z.object({
  /** Rises with every apply; 0: none yet. */
  version: z.int().min(0),
  /** SHA-256 of the file's bytes as the client gave it; null before the first apply. */
  source_hash: z.string().nullable(),
  applied_at: z.iso.datetime().nullable(),
  applied_by: z.string().nullable(),
  fleet: Fleet,
});
export type FleetView = z.infer<typeof FleetView>;

export const InstanceView = z.object({
  instance_id: InstanceId,
  tenant_id: TenantId,
  pool_id: PoolId,
  number: z.int(),
  node: NodeId,
  role: TypeName,
  profile: TypeName,
  type_hash: z.string(),
  revision: RevisionId,
  resources: Resources,
  ipv4: z.ipv4(),
  mac: z.string(),
  tap: z.string(),
  volume_uuid: z.uuid(),
  ingress_port: z.int().nullable(),
  /** By the counts, or by a destroy. */
  wanted: z.enum(["running", "stopped", "destroyed"]),
  hold: Hold.nullable(),
  /** What the spec asks for, the hold included. */
  goal: z.enum(["running", "stopped", "destroyed"]),
  /** The connectors that the tenant's fleet file configures. */
  connectors: z.array(z.string()).default([]),
  /** Node generation of the newest change of this instance's spec. */
  generation: z.int(),
  /** Whether the node's newest status was made from that spec or a later one. */
  observed: z.boolean(),
  /** Null until its node reported it. */
  status: InstanceStatus.nullable(),
  /** When the coordinator got that status. */
  reported_at: z.iso.datetime().nullable(),
});
export type InstanceView = z.infer<typeof InstanceView>;

/** How many instances there are of each kind. */
export const InstanceCounts = z.object({
  total: z.int(),
  /** Those that the spec asks to run. */
  wanted_running: z.int(),
  running: z.int(),
  /** Running, and the guest says that it is ready. */
  ready: z.int(),
  /** Those that a hold keeps stopped. */
  held_stopped: z.int().default(0),
  /** With a condition or refusal. */
  troubled: z.int(),
});
export type InstanceCounts = z.infer<typeof InstanceCounts>;

export const PoolView = z.object({
  tenant_id: TenantId,
  pool_id: PoolId,
  role: TypeName,
  profile: TypeName,
  type_hash: z.string(),
  revision: RevisionId,
  resources: Resources,
  desired_counts: z.object({ running: z.int() }),
  /** Whether it vanished from the fleet: its instances are stopped and keep their data. */
  released: z.boolean(),
  instances: InstanceCounts,
});
export type PoolView = z.infer<typeof PoolView>;

export const TenantView = z.object({
  tenant_id: TenantId,
  /** `released`: vanished from the fleet, stopped, data kept. `destroying`: being erased. */
  standing: z.enum(["present", "released", "destroying"]),
  network: z.object({
    tenant_net_id: z.int(),
    ipv4_subnet: z.cidrv4(),
    bridge_ipv4: z.ipv4(),
    namespace: z.string(),
    uplink: Uplink.nullable(),
    egress: Egress,
  }),
  model: ModelSettings.nullable(),
  connectors: ConnectorSettings,
  secrets_epoch: z.int(),
  config_version: z.int(),
  pools: z.array(PoolId),
  instances: InstanceCounts,
});
export type TenantView = z.infer<typeof TenantView>;

export const NodeView = z.object({
  node: NodeId,
  /** Generation of the node's spec in force. */
  generation: z.int(),
  /** When its newest status came; null: it never reported. */
  received_at: z.iso.datetime().nullable(),
  /** Its chains of audit entries (of one tenant, or of none) that are refused, until they follow again. */
  audit_problems: z.array(z.object({ tenant_id: TenantId.nullable(), problem: z.string() })),
  status: NodeStatus.omit({ instances: true }).nullable(),
});
export type NodeView = z.infer<typeof NodeView>;

export const SecretView = z.object({
  name: SecretName,
  set: z.boolean(),
  /** Whether the coordinator made it. */
  generated: z.boolean(),
  /** Whether instances are refused without it. */
  required: z.boolean(),
  /** Secrets epoch of its newest change; null while it is not set. */
  epoch: z.int().nullable(),
  changed_at: z.iso.datetime().nullable(),
  /** The types of the tenant's pools that see it, `role/profile`. */
  seen_by: z.array(z.string()),
});
export type SecretView = z.infer<typeof SecretView>;

/** An audit entry with its place in the coordinator's record, over all chains. */
export const AuditRecord = z.object({ record: z.int(), entry: AuditEntry });
export type AuditRecord = z.infer<typeof AuditRecord>;
