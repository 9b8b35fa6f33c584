/** Spec and observation joined: one view for each instance that the spec names, in the order of their ids. Pure. */
import type { InstanceId, InstanceSpec, NodeSpec, ResolvedType, TenantId, TenantSpec } from "@mvm/core";
import type { Peer } from "../journal/operation-record.ts";
import { isReplaced, type InstanceTarget } from "../lifecycle/fresh-record.ts";
import type { Observed, ObservedInstance } from "./plan.ts";
import type { Trouble } from "./trouble.ts";

export interface InstanceView extends InstanceTarget {
  readonly id: InstanceId;
  readonly seen: ObservedInstance;
  /** Why the network that the tenant's running instances have is not as it must be; null: nothing known. */
  readonly networkFailure: Trouble | null;
}

export function viewsOf(spec: NodeSpec, observed: Observed): readonly InstanceView[] {
  return spec.tenants
    .flatMap((tenant) => targetsOf(tenant, spec.types))
    .map((target): InstanceView => ({
      ...target,
      id: target.instance.instance_id,
      seen: seenOf(target, observed),
      networkFailure: observed.networks.get(target.tenant.tenant_id)?.failed ?? null,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function targetsOf({ pools, ...tenant }: TenantSpec, types: NodeSpec["types"]): readonly InstanceTarget[] {
  const targets = pools.flatMap(({ instances, ...pool }) => {
    const type = types[pool.type_hash] ?? null;
    return instances.map((instance) => ({ tenant, pool, instance, type }));
  });
  const peers = targets.flatMap(({ instance, type }): Peer[] => (type === null ? [] : [peerOf(instance, type)]));
  return targets.map((target) => ({
    ...target,
    peers: peers.filter((peer) => peer.instance_id !== target.instance.instance_id),
  }));
}

function peerOf({ instance_id, ipv4 }: InstanceSpec, { guest_handlers, ports }: ResolvedType): Peer {
  return { instance_id, ipv4, type: { guest_handlers, ports } };
}

function seenOf(target: InstanceTarget, observed: Observed): ObservedInstance {
  const seen = observed.instances.get(target.instance.instance_id);
  if (seen === undefined) return unseen(target.tenant.tenant_id);
  const isOther = seen.volumeUuid !== null && isReplaced(target, { state: seen.state, volume_uuid: seen.volumeUuid });
  return isOther ? { ...unseen(seen.tenant), busy: seen.busy, refused: seen.refused } : seen;
}

/** An instance of which nothing exists on this node: stopped, as far as anybody can tell. */
export function unseen(tenant: TenantId): ObservedInstance {
  return {
    tenant,
    state: "stopped",
    enteredAtMs: 0,
    volumeUuid: null,
    madeFrom: null,
    open: null,
    untouchedGrowthMib: null,
    busy: null,
    vmLost: false,
    ready: false,
    failed: null,
    refused: null,
  };
}
