/**
 * What the host's routing table says about a tenant's egress: through which interfaces it leaves,
 * and which of the allowed addresses are the host's own. Decodes the JSON output of
 * `HOST_ROUTES_ARGV` and decides; no I/O.
 */
import { contains, type Ipv4Range } from "@mvm/core";
import * as z from "zod";
import { parseDestination } from "./route-destinations.ts";

/** The command whose JSON output `decodeHostRoutes` reads. */
export const HOST_ROUTES_ARGV = ["ip", "-4", "-json", "route", "show", "table", "all"] as const;

const Route = z.object({
  type: z.string().default("unicast"),
  dst: z.string(),
  dev: z.string().optional(),
  nexthops: z.array(z.object({ dev: z.string().optional() })).default([]),
});

export interface HostRoute {
  readonly kind: "own-address" | "elsewhere";
  readonly range: Ipv4Range;
  readonly interfaces: readonly string[];
}

const LOOPBACK: Ipv4Range = parseDestination("127.0.0.0/8");
const OWN_TYPES = ["local", "broadcast"];

/** The routes that matter: to other places, and the host's own addresses beyond loopback. */
export function decodeHostRoutes(document: unknown): readonly HostRoute[] {
  return z
    .array(Route)
    .parse(document)
    .filter(({ type }) => type === "unicast" || OWN_TYPES.includes(type))
    .map(({ type, dst, dev, nexthops }) => ({
      kind: type === "unicast" ? ("elsewhere" as const) : ("own-address" as const),
      range: parseDestination(dst),
      interfaces: [dev, ...nexthops.map((hop) => hop.dev)].filter((name) => name !== undefined),
    }))
    .filter(({ range }) => !contains(LOOPBACK, range));
}

/** Interfaces through which packets to any address of `ranges` leave, except those that `isOurs` claims. */
export function outwardInterfaces(
  routes: readonly HostRoute[],
  ranges: readonly Ipv4Range[],
  isOurs: (name: string) => boolean,
): readonly string[] {
  const elsewhere = routes.filter(({ kind }) => kind === "elsewhere");
  const names = ranges.flatMap((range) => {
    const covering = elsewhere
      .filter((route) => contains(route.range, range))
      .sort((a, b) => span(a.range) - span(b.range));
    const inside = elsewhere.filter((route) => contains(range, route.range));
    return [...covering.slice(0, 1), ...inside].flatMap(({ interfaces }) => interfaces);
  });
  return [...new Set(names)].filter((name) => !isOurs(name)).sort();
}

/** The host's own addresses inside `ranges`: guests must not reach them, whatever the policy says. */
export function ownAddressesWithin(routes: readonly HostRoute[], ranges: readonly Ipv4Range[]): readonly Ipv4Range[] {
  return routes
    .filter(({ kind, range }) => kind === "own-address" && ranges.some((allowed) => contains(allowed, range)))
    .map(({ range }) => range);
}

function span({ first, last }: Ipv4Range): number {
  return last - first;
}
