/**
 * The routes of a tenant's namespace beyond its own links: exactly the egress policy's ranges, and
 * no default route unless the policy says so. What must never be reached although a range covers
 * it is a `prohibit` route, which holds even while the rules are flushed. Pure.
 */
import type { Ipv4Range, Uplink } from "@mvm/core";
import { LINK_LOCAL } from "./egress-plan.ts";
import { formatDestination } from "./route-destinations.ts";

/** A route as iproute2 names it. */
export interface ObservedRoute {
  readonly type: string;
  readonly dst: string;
  readonly protocol: string;
}

export interface WantedRoutes {
  readonly uplink: Uplink;
  /** What egress may reach, disjoint. */
  readonly ranges: readonly Ipv4Range[];
  /** The host's addresses among them. */
  readonly ownAddresses: readonly Ipv4Range[];
  readonly observed: readonly ObservedRoute[];
}

/** `ip -batch` lines that add what is missing and remove what no policy names any more. */
export function planNamespaceRoutes({ uplink, ranges, ownAddresses, observed }: WantedRoutes): readonly string[] {
  // The host's end of this uplink stays reachable: answers to its connections go there.
  const prohibited = (ranges.length === 0 ? [] : [LINK_LOCAL, ...ownAddresses])
    .map(formatDestination)
    .filter((dst) => dst !== uplink.host_ipv4);
  const allowed = ranges.map(formatDestination).filter((dst) => !prohibited.includes(dst));
  const wanted = [...prohibited, ...allowed];
  const stale = observed.filter(({ dst, protocol }) => protocol !== "kernel" && !wanted.includes(dst));
  return [
    ...prohibited.map((dst) => `route replace prohibit ${dst}`),
    ...allowed.map((dst) => `route replace ${dst} via ${uplink.host_ipv4} dev ${uplink.namespace_interface}`),
    ...stale.map(({ type, dst }) => `route delete ${type} ${dst}`),
  ];
}
