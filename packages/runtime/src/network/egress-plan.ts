/**
 * What an egress policy means for rules and routes. Pure; used by the renderers of both rulesets
 * and by the link planner, so that all of them open the same destinations and nothing else.
 */
import { contains, type Egress, type Ipv4Range } from "@mvm/core";
import { formatDestination, outermost, parseDestination } from "./route-destinations.ts";

/** A range and one port in it. */
export interface Destination {
  readonly range: Ipv4Range;
  readonly port: number;
}

/** Destinations by protocol; ranges of the same port are disjoint, as an nftables interval set demands. */
export interface EgressPlan {
  readonly tcp: readonly Destination[];
  readonly udp: readonly Destination[];
  /** Everything that any destination lies in, disjoint. */
  readonly ranges: readonly Ipv4Range[];
}

/** Link-local addresses, the clouds' metadata services among them: never reachable, whatever a policy says. */
export const LINK_LOCAL: Ipv4Range = parseDestination("169.254.0.0/16");

/** The destinations that `egress` opens; nothing that lies in link-local wholly. */
export function planEgress(egress: Egress): EgressPlan {
  const rules = egress.policy === "deny" ? [] : egress.allow;
  const wanted = rules
    .map(({ cidr, port, protocol }) => ({ range: parseDestination(cidr), port, protocol }))
    .filter(({ range }) => !contains(LINK_LOCAL, range));
  return {
    tcp: disjoint(wanted.filter(({ protocol }) => protocol === "tcp")),
    udp: disjoint(wanted.filter(({ protocol }) => protocol === "udp")),
    ranges: outermost(wanted.map(({ range }) => range)),
  };
}

/** Elements of an nftables set of `ipv4_addr . inet_service`. */
export function destinationElements(destinations: readonly Destination[]): readonly string[] {
  return destinations.map(({ range, port }) => `${setRange(range)} . ${port}`);
}

function setRange(range: Ipv4Range): string {
  const text = formatDestination(range);
  return text === "default" ? "0.0.0.0/0" : text;
}

function disjoint(destinations: readonly Destination[]): readonly Destination[] {
  const ports = [...new Set(destinations.map(({ port }) => port))].sort((a, b) => a - b);
  return ports.flatMap((port) => {
    const ranges = destinations.filter((destination) => destination.port === port).map(({ range }) => range);
    return outermost(ranges).map((range) => ({ range, port }));
  });
}
