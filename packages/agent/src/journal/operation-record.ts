/**
 * An operation that was begun and has not ended, as it stands in the journal: enough to finish it
 * or to take it back after the agent died. At most one an instance.
 */
import { Cause, InstanceId, InstanceSpec, PoolSpec, ResolvedType, TenantSpec } from "@mvm/core";
import * as z from "zod";

export const operationKinds = ["start", "stop", "grow", "destroy", "release"] as const;
export type OperationKind = (typeof operationKinds)[number];

/** Another instance of the same tenant, as far as a guest's configuration may name it. */
export const Peer = z.object({
  instance_id: InstanceId,
  ipv4: z.ipv4(),
  type: ResolvedType.pick({ guest_handlers: true, ports: true }),
});
export type Peer = z.infer<typeof Peer>;

/** What a start is made from: the spec's words for one instance. Secrets in it are sealed. */
export const StartOrder = z.object({
  tenant: TenantSpec.omit({ pools: true }),
  pool: PoolSpec.omit({ instances: true }),
  instance: InstanceSpec,
  type: ResolvedType,
  peers: z.array(Peer),
});
export type StartOrder = z.infer<typeof StartOrder>;

/** Why something is done and who asked, for audit and log. */
export const Reason = z.object({
  cause: Cause,
  claimed_by: z.string().nullable(),
  /** One sentence. */
  text: z.string().max(500),
  /** Of the spec that it was planned from. */
  generation: z.int(),
  config_hash: z.string(),
});
export type Reason = z.infer<typeof Reason>;

export const OperationRecord = z.object({
  instance_id: InstanceId,
  kind: z.enum(operationKinds),
  /** `undo`: a step failed and what was done is being taken back. */
  direction: z.enum(["forward", "undo"]),
  /** Names of the steps that are done and not undone, in order. */
  done: z.array(z.string()),
  /** Of a start only. */
  order: StartOrder.nullable(),
  /** Of a grow only: what the data volume is to hold. */
  data_mib: z.int().min(1).nullable().default(null),
  reason: Reason,
});
export type OperationRecord = z.infer<typeof OperationRecord>;
