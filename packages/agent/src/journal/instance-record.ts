/**
 * What the node knows of one instance, as it stands in the journal: identity, state, what is held
 * for it on the host, and how its newest start went. Written by lifecycle only; read by everybody.
 */
import {
  Condition,
  InstanceId,
  InstanceStateName,
  PoolId,
  ResolvedType,
  Resources,
  RevisionId,
  TenantId,
  TenantNetworkSpec,
  TypeName,
} from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import * as z from "zod";
import { operationKinds } from "./operation-record.ts";

/** How the instance is attached to its tenant's network; the coordinator's words. */
export const Attachment = z.object({
  network: TenantNetworkSpec,
  ipv4: z.ipv4(),
  mac: z.string(),
  tap: z.string(),
  /** Guest ports that the node's ingress may reach. */
  guest_ports: z.array(z.int()),
  ingress_port: z.int().nullable(),
});
export type Attachment = z.infer<typeof Attachment>;

/** What the newest start was made from, or the first one will be, and has grown to since: compared with the spec to see what it lacks. */
export const MadeFrom = z.object({
  role: TypeName,
  profile: TypeName,
  type_hash: z.string(),
  revision: RevisionId,
  resources: Resources,
  config_version: z.int(),
  secrets_epoch: z.int(),
  config_hash: z.string(),
  generation: z.int(),
  guest_handlers: ResolvedType.shape.guest_handlers,
});
export type MadeFrom = z.infer<typeof MadeFrom>;

const ProcessRefRecord = z.object({ pid: z.int(), startTicks: z.int() });

const VmHandleRecord = z.object({
  id: InstanceId,
  driver: z.string(),
  process: ProcessRefRecord,
  stateDir: z.string(),
  runDir: z.string(),
  uid: z.int(),
  networkNamespace: z.string(),
}) satisfies z.ZodType<VmHandle>;

/** A failed operation, beside the state; its condition says when the next try is due, null: not for this spec. */
export const Failure = z.object({ operation: z.enum(operationKinds), condition: Condition });
export type Failure = z.infer<typeof Failure>;

export const InstanceRecord = z.object({
  instance_id: InstanceId,
  tenant_id: TenantId,
  pool_id: PoolId,
  role: TypeName,
  profile: TypeName,
  /** Names the data; an instance of the same id with another volume is another instance. */
  volume_uuid: z.uuid(),
  state: InstanceStateName,
  entered_at: z.iso.datetime(),
  attachment: Attachment,
  made_from: MadeFrom,
  /** Held from the first step of a start to the last of a stop. */
  uid: z.int().nullable(),
  /** Whether the tenant's network has, or may have, a place for it: rules and a tap. */
  attached: z.boolean(),
  vm: VmHandleRecord.nullable(),
  launched_at: z.iso.datetime().nullable(),
  /** 0 until the guest said that it mounted this volume; then never 0 again. */
  volume_generation: z.int().min(0),
  boot: z.object({
    /** Of the newest start, as the times below. */
    attempts: z.int(),
    /** Since the instance exists. */
    hung_boots: z.int(),
    hello_ms: z.int().nullable(),
    ready_ms: z.int().nullable(),
  }),
  failure: Failure.nullable(),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;
