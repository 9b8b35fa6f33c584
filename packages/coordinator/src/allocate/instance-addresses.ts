/**
 * Address slots of a tenant's subnet and what follows from them: address, MAC and tap name. Pure.
 * Slot 1 is the bridge; instances have slot 10 and up, the last address is the broadcast's.
 */
import {
  formatAddress,
  formatRange,
  MvmError,
  rangeAt,
  sizeOf,
  type Ipv4Range,
  type TenantId,
  type TenantNetworkRow,
} from "@mvm/core";
import { nextFree, type Ring } from "./ring.ts";

const BRIDGE_SLOT = 1;
export const FIRST_SLOT = 10;

/** The slots of a subnet that instances may have. */
export function slotRing(network: TenantNetworkRow): Ring {
  return { first: FIRST_SLOT, last: sizeOf(subnetOf(network)) - 2 };
}

/**
 * The next slot at or behind `start`.
 * @throws MvmError MVM_NET_EXHAUSTED
 */
export function allocateSlot(
  tenant: { readonly tenantId: TenantId; readonly network: TenantNetworkRow },
  start: number,
  taken: ReadonlySet<number>,
): number {
  const ring = slotRing(tenant.network);
  const slot = nextFree(ring, start, (candidate) => taken.has(candidate));
  if (slot !== null) return slot;
  const capacity = ring.last - ring.first + 1;
  throw new MvmError("MVM_NET_EXHAUSTED", {
    message: `tenant '${tenant.tenantId}' has no address left: its subnet ${formatRange(subnetOf(tenant.network))} has room for ${capacity} instances, ${taken.size} exist`,
    remedy: "Destroy instances of the tenant that are no longer needed, or give it fewer.",
    details: { tenant: tenant.tenantId, capacity, in_use: taken.size },
  });
}

export function subnetOf(network: TenantNetworkRow): Ipv4Range {
  return rangeAt(network.subnetBase, network.subnetPrefixLength);
}

export function bridgeAddress(network: TenantNetworkRow): string {
  return formatAddress(network.subnetBase + BRIDGE_SLOT);
}

export function addressOf(network: TenantNetworkRow, slot: number): string {
  return formatAddress(network.subnetBase + slot);
}

/** Locally administered: `02`, three bytes of the network id, two of the slot. */
export function macOf(network: TenantNetworkRow, slot: number): string {
  const digits = network.tenantNetId.toString(16).padStart(6, "0") + slot.toString(16).padStart(4, "0");
  return `02:${digits.match(/../g)?.join(":") ?? ""}`;
}

/** Unique in the tenant's namespace. */
export function tapOf(slot: number): string {
  return `tap${slot}`;
}
