/**
 * Whether a tenant's ranges are somebody else's on this host: a route to its subnet would cut the
 * machine off from a network that has the same addresses. Pure; asked before the first link is made.
 */
import { MvmError, overlaps, parseRange, prefixLengthOf, type Ipv4Range, type TenantNetworkSpec } from "@mvm/core";
import type { HostRoute } from "./host-routes.ts";
import { UPLINK_PREFIX_LENGTH } from "./network-names.ts";
import { formatDestination } from "./route-destinations.ts";

/** VPNs word a default route as two halves of everything. */
const LONGEST_DEFAULT = 1;

/**
 * Refuses ranges that a route or an address of the host holds, its default route and the network's
 * own uplink aside.
 * @throws MvmError MVM_NET_OVERLAP
 */
export function requireFreeRanges(network: TenantNetworkSpec, routes: readonly HostRoute[]): void {
  const { uplink, ipv4_subnet: subnet } = network;
  if (uplink === null) return;
  const others = routes.filter(
    ({ range, interfaces }) =>
      prefixLengthOf(range) > LONGEST_DEFAULT && !interfaces.every((name) => name === uplink.host_interface),
  );
  const claims = [
    { setting: "cluster_cidr", text: subnet, range: parseRange(subnet) },
    { setting: "uplink_cidr", ...linkRange(uplink.host_ipv4) },
  ];
  for (const { setting, text, range } of claims) {
    const other = others.find((route) => overlaps(route.range, range));
    if (other !== undefined) throw overlap({ network, setting, text }, other);
  }
}

function linkRange(address: string): { text: string; range: Ipv4Range } {
  const range = parseRange(`${address}/${UPLINK_PREFIX_LENGTH}`);
  return { text: formatDestination(range), range };
}

function overlap(
  { network, setting, text }: { network: TenantNetworkSpec; setting: string; text: string },
  { kind, range, interfaces }: HostRoute,
): MvmError {
  const other = `${kind === "elsewhere" ? "route to" : "address"} ${formatDestination(range)} at ${interfaces.join(", ")}`;
  return new MvmError("MVM_NET_OVERLAP", {
    message: `${text} for ${network.namespace} overlaps the host's ${other}`,
    remedy: `Set [network] ${setting} to a range that no network of this host has (ip route show table all); tenants keep theirs until they are destroyed.`,
    retry: "backoff",
    details: { setting, range: text, route: formatDestination(range), interfaces },
  });
}
