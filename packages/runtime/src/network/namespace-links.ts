/**
 * Links, addresses and routes of a tenant's network as `ip -batch` lines, from the spec and what
 * exists. Pure. In order: `planMissingLinks` (all down), then the rules by others, then
 * `planNamespaceUp` and `planHostUp`.
 */
import * as z from "zod";
import type { Ipv4Range, TenantNetworkSpec } from "@mvm/core";
import { planEgress } from "./egress-plan.ts";
import { BRIDGE, UPLINK_PREFIX_LENGTH, bridgeMac } from "./network-names.ts";
import { planNamespaceRoutes, type ObservedRoute } from "./namespace-routes.ts";

/** The `ip -json -batch` lines, run inside a namespace, whose output `decodeNamespaceLinks` reads. */
export const OBSERVE_LINES = ["link show", "route show", "tuntap list"] as const;

const Link = z.object({ ifname: z.string(), ifalias: z.string().optional(), link_netnsid: z.int().optional() });
const Tap = z.object({ ifname: z.string(), flags: z.array(z.string()), user: z.int().optional() });
const Route = z.object({ type: z.string().default("unicast"), dst: z.string(), protocol: z.string().default("boot") });

export interface ObservedTap {
  readonly name: string;
  /** Null: anybody in the namespace may open it. */
  readonly ownerUid: number | null;
  /** Persistent and single-queue, as `ensureTap` makes them. */
  readonly isPlain: boolean;
}

export interface ObservedNamespace {
  readonly links: readonly string[];
  /** Links whose other end lies in another namespace. */
  readonly veths: readonly string[];
  readonly taps: readonly ObservedTap[];
  readonly routes: readonly ObservedRoute[];
  /** The bridge's alias, which says whose the network is; null: nobody has said so yet. */
  readonly mark: string | null;
}

/** Decodes the output of `OBSERVE_LINES`: one JSON array a line. */
export function decodeNamespaceLinks(stdout: string): ObservedNamespace {
  const [links = [], routes = [], taps = []] = stdout.trim().split("\n").map(parseJson);
  const seen = z.array(Link).parse(links);
  return {
    links: seen.map(({ ifname }) => ifname),
    veths: seen.filter((link) => link.link_netnsid !== undefined).map(({ ifname }) => ifname),
    taps: z
      .array(Tap)
      .parse(taps)
      .map((tap) => ({ name: tap.ifname, ownerUid: tap.user ?? null, isPlain: isPlain(tap.flags) })),
    routes: z
      .array(Route)
      .parse(routes)
      .map(({ type, dst, protocol }) => ({ type, dst, protocol })),
    mark: seen.find(({ ifname }) => ifname === BRIDGE)?.ifalias ?? null,
  };
}

/** What exists before a network is made. `broken`: a file in /run/netns that is no namespace. */
export interface ObservedHost {
  readonly namespace: ObservedNamespace | "absent" | "broken";
  readonly hostUplinkExists: boolean;
}

/** Lines for the host: namespace, bridge and uplink as far as they are missing; nothing of it is up. */
export function planMissingLinks(network: TenantNetworkSpec, observed: ObservedHost): readonly string[] {
  const { namespace, uplink } = network;
  const inside = typeof observed.namespace === "string" ? [] : observed.namespace.links;
  const lines: string[] = [];
  if (observed.namespace === "broken") lines.push(`netns delete ${namespace}`);
  if (typeof observed.namespace === "string") lines.push(`netns add ${namespace}`);
  if (!inside.includes(BRIDGE)) {
    lines.push(
      `link add name ${BRIDGE} address ${bridgeMac(network)} netns ${namespace} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    );
  }
  if (uplink !== null && !isUplinkWhole(network, observed)) {
    if (observed.hostUplinkExists) lines.push(`link delete dev ${uplink.host_interface}`);
    lines.push(
      `link add name ${uplink.host_interface} type veth peer name ${uplink.namespace_interface} netns ${namespace}`,
    );
  }
  return lines;
}

/** Lines for inside the namespace: ends of links that are no uplink of the spec, or half of one. */
export function planStaleLinks(network: TenantNetworkSpec, observed: ObservedHost): readonly string[] {
  if (typeof observed.namespace === "string") return [];
  const wanted = isUplinkWhole(network, observed) ? network.uplink?.namespace_interface : undefined;
  return observed.namespace.veths.filter((name) => name !== wanted).map((name) => `link delete dev ${name}`);
}

/** Lines for inside the namespace: addresses, links up, routes to egress destinations and to nowhere else. */
export function planNamespaceUp(
  network: TenantNetworkSpec,
  observed: ObservedHost,
  ownAddresses: readonly Ipv4Range[],
): readonly string[] {
  const { uplink } = network;
  const lines = [
    `address replace ${network.bridge_ipv4}/${prefixLengthOf(network.ipv4_subnet)} dev ${BRIDGE}`,
    `link set dev ${BRIDGE} up`,
  ];
  if (uplink === null) return lines;
  const seen = typeof observed.namespace === "string" ? [] : observed.namespace.routes;
  const routes = {
    uplink,
    ranges: planEgress(network.egress).ranges,
    ownAddresses,
    // Routes over an uplink that is made anew went with the old one.
    observed: isUplinkWhole(network, observed) ? seen : seen.filter(({ type }) => type === "prohibit"),
  };
  return [
    ...lines,
    `address replace ${uplink.namespace_ipv4}/${UPLINK_PREFIX_LENGTH} dev ${uplink.namespace_interface}`,
    `link set dev ${uplink.namespace_interface} up`,
    ...planNamespaceRoutes(routes),
  ];
}

/** Lines for the host: the uplink's address, up, and the route to the tenant's guests. */
export function planHostUp({ uplink, ipv4_subnet: subnet }: TenantNetworkSpec): readonly string[] {
  if (uplink === null) return [];
  const { host_interface: name, host_ipv4: address } = uplink;
  return [
    `address replace ${address}/${UPLINK_PREFIX_LENGTH} dev ${name}`,
    `link set dev ${name} up`,
    `route replace ${subnet} via ${uplink.namespace_ipv4} dev ${name} src ${address}`,
  ];
}

/** Lines for inside the namespace: the tap anew unless it is there as it should be; left down. */
export function planTap(tap: string, ownerUid: number, observed: ObservedNamespace): readonly string[] {
  const present = observed.taps.find(({ name }) => name === tap);
  if (present?.isPlain === true && present.ownerUid === ownerUid) return [];
  const stale = observed.links.includes(tap) ? [`link delete dev ${tap}`] : [];
  return [...stale, `tuntap add dev ${tap} mode tap user ${ownerUid}`];
}

/** Lines for inside the namespace: the tap joins the bridge. Only after its guard is bound. */
export function planTapUp(tap: string): readonly string[] {
  return [`link set dev ${tap} master ${BRIDGE} up`];
}

/** Whether both ends of the uplink are there, so that it is kept. */
export function isUplinkWhole({ uplink }: TenantNetworkSpec, { namespace, hostUplinkExists }: ObservedHost): boolean {
  if (uplink === null || typeof namespace === "string") return false;
  return hostUplinkExists && namespace.veths.includes(uplink.namespace_interface);
}

function isPlain(flags: readonly string[]): boolean {
  return flags.includes("tap") && flags.includes("persist") && !flags.includes("multi_queue");
}

function prefixLengthOf(cidr: string): string {
  return cidr.slice(cidr.indexOf("/") + 1);
}

function parseJson(line: string): unknown {
  return line === "" ? [] : JSON.parse(line);
}
