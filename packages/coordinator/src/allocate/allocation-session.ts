/**
 * One planning session's view of what is free: everything that exists plus everything handed out
 * since it began. Deterministic from its inputs; lives as long as one plan and is thrown away.
 */
import {
  MvmError,
  type Counters,
  type DesiredRows,
  type NodeId,
  type TenantId,
  type TenantNetworkRow,
  type TenantRow,
} from "@mvm/core";
import type { CoordinatorSettings } from "../settings.ts";
import { allocateSlot } from "./instance-addresses.ts";
import { nextFree } from "./ring.ts";
import { tenantNetworkAllocator } from "./tenant-networks.ts";

/** What allocation needs of a tenant. */
export type SlotOwner = Pick<TenantRow, "tenantId" | "network" | "nextSlot">;

export interface AllocationSession {
  /** @throws MvmError MVM_NET_EXHAUSTED */
  network(): TenantNetworkRow;
  /** @throws MvmError MVM_NET_EXHAUSTED */
  slot(tenant: SlotOwner): number;
  /** @throws MvmError MVM_NET_EXHAUSTED */
  ingressPort(node: NodeId): number;
  /** Where the tenant's next search for a slot begins. */
  nextSlot(tenant: SlotOwner): number;
  counters(): Counters;
}

export function allocationSession(settings: CoordinatorSettings, rows: DesiredRows): AllocationSession {
  const networks = tenantNetworkAllocator(
    settings.network,
    rows.tenants.map((tenant) => tenant.network),
    rows.counters.nextTenantNetId,
  );
  const slots = new Map<TenantId, Set<number>>();
  const nextSlots = new Map<TenantId, number>();
  const ports = new Map<NodeId, Set<number>>();
  let nextPort = rows.counters.nextIngressPort;
  for (const instance of rows.instances) {
    setOf(slots, instance.tenantId).add(instance.slot);
    if (instance.ingressPort !== null) setOf(ports, instance.nodeId).add(instance.ingressPort);
  }
  const nextSlot = (tenant: SlotOwner): number => nextSlots.get(tenant.tenantId) ?? tenant.nextSlot;
  return {
    network: () => networks.next(),
    nextSlot,
    slot(tenant) {
      const taken = setOf(slots, tenant.tenantId);
      const slot = allocateSlot(tenant, nextSlot(tenant), taken);
      taken.add(slot);
      nextSlots.set(tenant.tenantId, slot + 1);
      return slot;
    },
    ingressPort(node) {
      const taken = setOf(ports, node);
      const port = allocatePort(settings.ingressPorts, nextPort, taken);
      taken.add(port);
      nextPort = port + 1;
      return port;
    },
    counters: () => ({ nextTenantNetId: networks.cursor(), nextIngressPort: nextPort }),
  };
}

function allocatePort([first, last]: readonly [number, number], start: number, taken: ReadonlySet<number>): number {
  const port = nextFree({ first, last }, start, (candidate) => taken.has(candidate));
  if (port !== null) return port;
  throw new MvmError("MVM_NET_EXHAUSTED", {
    message: `no ingress port is left: ${first} to ${last} are ${last - first + 1} ports, and ${taken.size} instances have one`,
    remedy: "Widen [ingress] ports in mvm.toml.",
    details: { ports: [first, last], in_use: taken.size },
  });
}

function setOf<Key>(sets: Map<Key, Set<number>>, key: Key): Set<number> {
  const known = sets.get(key);
  if (known !== undefined) return known;
  const made = new Set<number>();
  sets.set(key, made);
  return made;
}
