/**
 * Allocates tenant networks: network id, subnet, uplink and the names on the host. Pure; called by
 * the fleet planner. Network id n has the n-th subnet of the cluster's range and the n-th /30 of the
 * uplink range, so that the three can be read from each other. The ranges fit each other: config
 * files where they don't are refused when they are loaded.
 */
import { MvmError, parseRange, prefixLengthOf, rangeAt, sizeOf, type TenantNetworkRow } from "@mvm/core";
import type { NetworkSettings } from "../settings.ts";
import { nextFree } from "./ring.ts";

const UPLINK_PREFIX_LENGTH = 30;
const UPLINK_SIZE = 4;
/** Three bytes of every MAC address name the tenant network. */
const LAST_NET_ID = 0xff_ff_ff;

/** How many tenants the configured ranges have room for. */
export function tenantCapacity(settings: NetworkSettings): number {
  const subnets = 2 ** (settings.tenantPrefixLength - prefixLengthOf(parseRange(settings.clusterCidr)));
  const uplinks = 2 ** (UPLINK_PREFIX_LENGTH - prefixLengthOf(parseRange(settings.uplinkCidr)));
  return Math.min(subnets, uplinks, LAST_NET_ID);
}

/** Hands out networks one after the other, beside those that exist. */
export interface TenantNetworkAllocator {
  /** @throws MvmError MVM_NET_EXHAUSTED */
  next(): TenantNetworkRow;
  /** Where the next search begins. */
  readonly cursor: () => number;
}

/** @param start where the search begins: behind the newest network id */
export function tenantNetworkAllocator(
  settings: NetworkSettings,
  existing: readonly TenantNetworkRow[],
  start: number,
): TenantNetworkAllocator {
  const capacity = tenantCapacity(settings);
  const cluster = parseRange(settings.clusterCidr);
  const uplinks = parseRange(settings.uplinkCidr);
  const subnetSize = blockSize(settings.tenantPrefixLength);
  const taken = takenNumbers(existing, { clusterBase: cluster.first, subnetSize, uplinksBase: uplinks.first });
  // The last id has the ranges' first blocks, every other one the block of its own number.
  const blockOf = (id: number): number => id % capacity;
  let cursor = start;
  return {
    cursor: () => cursor,
    next() {
      const isTaken = (id: number): boolean =>
        taken.ids.has(id) || taken.subnets.has(blockOf(id)) || taken.uplinks.has(blockOf(id));
      const id = nextFree({ first: 1, last: capacity }, cursor, isTaken);
      if (id === null) throw exhausted(settings, existing.length, capacity);
      taken.ids.add(id);
      cursor = id + 1;
      return {
        tenantNetId: id,
        subnetBase: cluster.first + blockOf(id) * subnetSize,
        subnetPrefixLength: settings.tenantPrefixLength,
        uplinkBase: uplinks.first + blockOf(id) * UPLINK_SIZE,
        namespace: `${settings.namePrefix}-${id}`,
        hostInterface: `${settings.namePrefix}u${id}`,
      };
    },
  };
}

function blockSize(prefixLength: number): number {
  return sizeOf(rangeAt(0, prefixLength));
}

/** What existing networks have, in blocks of the ranges as they are configured now: they may have been edited since. */
function takenNumbers(
  existing: readonly TenantNetworkRow[],
  at: { clusterBase: number; subnetSize: number; uplinksBase: number },
) {
  const ids = new Set<number>();
  const subnets = new Set<number>();
  const uplinks = new Set<number>();
  for (const network of existing) {
    ids.add(network.tenantNetId);
    uplinks.add(Math.floor((network.uplinkBase - at.uplinksBase) / UPLINK_SIZE));
    const offset = network.subnetBase - at.clusterBase;
    const last = Math.floor((offset + blockSize(network.subnetPrefixLength) - 1) / at.subnetSize);
    for (let block = Math.floor(offset / at.subnetSize); block <= last; block += 1) subnets.add(block);
  }
  return { ids, subnets, uplinks };
}

function exhausted(settings: NetworkSettings, inUse: number, capacity: number): MvmError {
  return new MvmError("MVM_NET_EXHAUSTED", {
    message: `no subnet is left: ${settings.clusterCidr} in subnets of /${settings.tenantPrefixLength} with uplinks from ${settings.uplinkCidr} has room for ${capacity} tenants, ${inUse} exist`,
    details: { cluster_cidr: settings.clusterCidr, capacity, in_use: inUse },
  });
}
