/**
 * What an agent reports: the full roster of its instances, its host and how far it has come with
 * the spec. Wire document; also the shape behind `mvm node status --json` and `instance show`.
 */
import * as z from "zod";
import { InstanceId, NodeId, RevisionId, TenantId, TypeName } from "../ids.ts";
import { passingStates, stableStates } from "../instance-state.ts";
import { NodeMode } from "../node-mode.ts";
import { MemOverhead } from "./mem-overhead.ts";

export const InstanceStateName = z.enum([...stableStates, ...passingStates]);

/** Something that failed, beside the state, and when it is tried again. */
export const Condition = z.object({
  code: z.string(),
  /** `alarm`: the host broke a promise of the product, which nobody may overlook. */
  severity: z.enum(["failure", "alarm"]).default("failure"),
  message: z.string(),
  remedy: z.string(),
  since: z.iso.datetime(),
  attempts: z.int().min(1),
  retry_at: z.iso.datetime().nullable(),
});
export type Condition = z.infer<typeof Condition>;

/** A wish that was not carried out, by which rule and why (design §4). */
export const Refusal = z.object({
  rule: z.string(),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
});
export type Refusal = z.infer<typeof Refusal>;

export const ConnectorStatus = z.object({
  name: z.string(),
  enabled: z.boolean(),
  /** What has to be there before it can be enabled. */
  missing: z.array(z.string()),
  /** The application's own word, when it is enabled and known. */
  detail: z.string().max(500).optional(),
});
export type ConnectorStatus = z.infer<typeof ConnectorStatus>;

/** What the guest says of itself: untrusted, schema-checked, capped. */
export const GuestReport = z.object({
  agent_version: z.string().max(64),
  ready: z.boolean(),
  /** Why it is not ready yet, or what it is ready for. */
  reason: z.string().max(500),
  /** The worker's or gateway's failure, told apart from others by code. */
  failure: z.object({ code: z.string().max(64), message: z.string().max(500), count: z.int() }).nullable(),
  data_drive: z.string().max(64),
  connectors: z.array(ConnectorStatus).max(32),
  reported_at: z.iso.datetime(),
});
export type GuestReport = z.infer<typeof GuestReport>;

export const InstanceStatus = z.object({
  instance_id: InstanceId,
  tenant_id: TenantId,
  role: TypeName,
  profile: TypeName,
  type_hash: z.string(),
  revision: RevisionId,
  state: InstanceStateName,
  entered_at: z.iso.datetime(),
  /** Since when the guest is ready without a break; null while it is not, and from an agent that does not tell. */
  ready_since: z.iso.datetime().nullable().default(null),
  ipv4: z.ipv4(),
  ingress_port: z.int().nullable(),
  uid: z.int().nullable(),
  pid: z.int().nullable(),
  config_version: z.int(),
  secrets_epoch: z.int(),
  config_hash: z.string(),
  volume_generation: z.int(),
  /** What its data volume, where it has one, is made to hold so far; null from an agent that does not tell. */
  data_mib: z.int().nullable().default(null),
  boot: z.object({
    /** Launches of its newest start: one that hung at once is launched again. */
    attempts: z.int(),
    /** Boots that hung, since the instance exists. */
    hung_boots: z.int(),
    /** Milliseconds from launch to the guest's first answer, of the newest boot. */
    hello_ms: z.int().nullable(),
    /** Milliseconds from launch to ready, of the newest boot. */
    ready_ms: z.int().nullable(),
  }),
  condition: Condition.nullable(),
  refusal: Refusal.nullable(),
  /** What has to happen first, in words: `acme-gw-0 to be ready`. */
  waiting_for: z.string().nullable(),
  guest: GuestReport.nullable(),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

/** A tenant's network whose rules could not be put in place: nothing of the tenant starts until they are. */
export const NetworkCondition = z.object({ tenant_id: TenantId, condition: Condition });
export type NetworkCondition = z.infer<typeof NetworkCondition>;

/** An instance's failure that is an alarm. */
export const InstanceAlarm = z.object({ instance_id: InstanceId, condition: Condition });
export type InstanceAlarm = z.infer<typeof InstanceAlarm>;

/** A chain of audit entries (of one tenant, or of none) that the coordinator refused, and when it is sent again. */
export const RefusedChain = z.object({
  tenant_id: TenantId.nullable(),
  problem: z.string(),
  retry_at: z.iso.datetime(),
});
export type RefusedChain = z.infer<typeof RefusedChain>;

export const NodeStatus = z.object({
  schema_version: z.literal(1),
  node: NodeId,
  mode: NodeMode,
  agent_version: z.string(),
  started_at: z.iso.datetime(),
  reported_at: z.iso.datetime(),
  config: z.object({ path: z.string(), rule: z.string(), hash: z.string() }),
  /** Generation of the newest spec that the agent has planned from. */
  observed_generation: z.int(),
  /** Whether the newest plan had nothing left to do. */
  converged: z.boolean(),
  driver: z.object({ name: z.string(), version: z.string(), acceleration: z.string() }),
  /** Promises of production that this node does not keep, each in one sentence. */
  relaxations: z.array(z.string()),
  /** Of each instance whose newest failure is one, whatever is wanted of it by now; none from an agent that does not tell. */
  alarms: z.array(InstanceAlarm).default([]),
  capacity: z.object({
    cpus: z.int(),
    /** What VMs may take together, their VMMs included. */
    mem_mib: z.int(),
    /** What those that are not stopped take of it. */
    allocated_mem_mib: z.int(),
    /** What each takes beyond its guest's memory; missing from an agent that does not tell. */
    overhead: MemOverhead.optional(),
  }),
  /** Tenants of which this node still holds anything: network, instance, directory. */
  tenants: z.array(TenantId),
  /** Networks that are not in place; none from an agent that does not tell. */
  network_conditions: z.array(NetworkCondition).default([]),
  /** Absent from an agent whose coordinator took all that it delivered. */
  refused_chains: z.array(RefusedChain).optional(),
  instances: z.array(InstanceStatus),
});
export type NodeStatus = z.infer<typeof NodeStatus>;
