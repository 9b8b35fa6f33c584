/** An instance's record from the spec's words: when it is first seen, and when it is started anew. Pure. */
import type { InstanceSpec, PoolSpec, ResolvedType, TenantSpec } from "@mvm/core";
import type { Attachment, InstanceRecord, MadeFrom } from "../journal/instance-record.ts";
import type { Peer, Reason, StartOrder } from "../journal/operation-record.ts";

/** One instance as the spec has it; `type` null when the spec does not carry its type. */
export interface InstanceTarget {
  readonly tenant: Omit<TenantSpec, "pools">;
  readonly pool: Omit<PoolSpec, "instances">;
  readonly instance: InstanceSpec;
  readonly type: ResolvedType | null;
  readonly peers: readonly Peer[];
}

/** Of the spec that a target comes from. */
export type SpecFacts = Pick<Reason, "config_hash" | "generation">;

/**
 * The record to work on: the known one, or a new one when the instance is not known or the known
 * one is destroyed and the spec names another volume.
 */
export function recordFor(
  target: InstanceTarget,
  known: InstanceRecord | null,
  facts: SpecFacts & { readonly now: string },
): InstanceRecord {
  if (known !== null && !isReplaced(target, known)) return known;
  const { tenant, pool, instance } = target;
  return {
    instance_id: instance.instance_id,
    tenant_id: tenant.tenant_id,
    pool_id: pool.pool_id,
    role: pool.role,
    profile: pool.profile,
    volume_uuid: instance.volume_uuid,
    state: "stopped",
    entered_at: facts.now,
    attachment: attachmentOf(target),
    made_from: madeFromOf(target, facts),
    uid: null,
    attached: false,
    vm: null,
    launched_at: null,
    volume_generation: 0,
    boot: { attempts: 0, hung_boots: 0, hello_ms: null, ready_ms: null },
    failure: null,
  };
}

/** Whether the spec means a new instance under the id of one that is destroyed. */
export function isReplaced(
  { instance }: InstanceTarget,
  known: Pick<InstanceRecord, "state" | "volume_uuid">,
): boolean {
  return known.state === "destroyed" && known.volume_uuid !== instance.volume_uuid;
}

/** The record of a start: as known, with what this start is made from. Only hung boots are counted for life. */
export function recordOfStart(order: StartOrder, known: InstanceRecord, facts: SpecFacts): InstanceRecord {
  const { role, profile } = order.pool;
  const boot = { ...known.boot, attempts: 0, hello_ms: null, ready_ms: null };
  return { ...known, role, profile, boot, attachment: attachmentOf(order), made_from: madeFromOf(order, facts) };
}

function madeFromOf({ tenant, pool, type }: InstanceTarget, { config_hash, generation }: SpecFacts): MadeFrom {
  return {
    role: pool.role,
    profile: pool.profile,
    type_hash: pool.type_hash,
    revision: pool.revision,
    resources: pool.resources,
    config_version: tenant.config_version,
    secrets_epoch: tenant.secrets_epoch,
    config_hash,
    generation,
    guest_handlers: type?.guest_handlers ?? [],
  };
}

function attachmentOf({ tenant, instance, type }: InstanceTarget): Attachment {
  return {
    network: tenant.network,
    ipv4: instance.ipv4,
    mac: instance.mac,
    tap: instance.tap,
    guest_ports: type?.expose_ingress === true ? type.ports.map(({ port }) => port) : [],
    ingress_port: instance.ingress_port,
  };
}
