/**
 * The packet filter inside a tenant's namespace, rendered whole as nft text. Pure.
 *
 * Three tables, one for each place that a packet passes: `netdev` at the taps (a guest sends as
 * itself or not at all), `bridge` between them (only known ports), `inet` for what is routed (in
 * from the node's uplink address to ingress ports, out to the egress policy's destinations).
 * Whatever no rule names is dropped. Guests reach each other; of the namespace itself they get
 * ARP and the news that a destination is closed to them, nothing else.
 */
import type { TenantNetworkSpec, Uplink } from "@mvm/core";
import { destinationElements, planEgress } from "./egress-plan.ts";
import { BRIDGE, tapChain, tenantTable } from "./network-names.ts";
import type { GuestPort } from "./tenant-network.ts";

export interface NamespaceRuleset {
  readonly namePrefix: string;
  readonly network: TenantNetworkSpec;
  readonly ports: readonly GuestPort[];
  /** The ports' taps that exist now: a netdev chain can be bound to no others. */
  readonly presentTaps: readonly string[];
}

/** The three tables, replaced in one transaction. */
export function renderNamespaceRuleset(ruleset: NamespaceRuleset): string {
  const table = tenantTable(ruleset.namePrefix);
  return [
    ...["netdev", "bridge", "inet"].flatMap((family) => [
      `add table ${family} ${table}`,
      `delete table ${family} ${table}`,
    ]),
    ...netdevTable(table, ruleset),
    ...bridgeTable(table, ruleset.ports),
    ...inetTable(table, ruleset),
    "",
  ].join("\n");
}

/**
 * Binds the guard to a tap that was just made. Fails as a whole, at its first line, when the
 * ruleset doesn't hold that port.
 */
export function renderTapHook(namePrefix: string, port: GuestPort): string {
  const table = tenantTable(namePrefix);
  const chain = `netdev ${table} ${tapChain(port.instance.tap)}`;
  return [
    `get element netdev ${table} sources { ${sourceElement(port)} }`,
    `add chain ${chain} ${hook(port.instance.tap)}`,
    `flush chain ${chain}`,
    `add rule ${chain} jump guard`,
    "",
  ].join("\n");
}

/** Removes a tap's chain, whether or not the kernel did so when the tap went. */
export function renderTapUnhook(namePrefix: string, tap: string): string {
  const table = `netdev ${tenantTable(namePrefix)}`;
  const chain = `${table} ${tapChain(tap)}`;
  return [`add table ${table}`, `add chain ${chain}`, `flush chain ${chain}`, `delete chain ${chain}`, ""].join("\n");
}

function netdevTable(table: string, { ports, presentTaps }: NamespaceRuleset): string[] {
  return [
    `table netdev ${table} {`,
    ...set("sources", "type ifname . ether_addr . ipv4_addr", ports.map(sourceElement)),
    "  chain guard {",
    // `ether type` reads the frame as the guest wrote it: a VLAN tag is a type of its own.
    "    ether type ip udp dport { 67, 68 } drop",
    "    ether type ip iifname . ether saddr . ip saddr @sources accept",
    `    ether type arp ${ARP_OVER_ETHERNET} iifname . ether saddr . arp saddr ip @sources iifname . arp saddr ether . arp saddr ip @sources accept`,
    "  }",
    ...presentTaps.map((tap) => `  chain ${tapChain(tap)} { ${hookBody(tap)} jump guard; }`),
    "}",
  ];
}

const ARP_OVER_ETHERNET = "arp htype 1 arp ptype ip arp hlen 6 arp plen 4";

function bridgeTable(table: string, ports: readonly GuestPort[]): string[] {
  return [
    `table bridge ${table} {`,
    ...set(
      "taps",
      "type ifname",
      ports.map(({ instance }) => `"${instance.tap}"`),
    ),
    "  chain prerouting {",
    "    type filter hook prerouting priority filter; policy drop;",
    "    iifname @taps accept",
    "  }",
    "}",
  ];
}

function inetTable(table: string, { network, ports }: NamespaceRuleset): string[] {
  const egress = planEgress(network.egress);
  return [
    `table inet ${table} {`,
    ...set("ingress", "type ipv4_addr . inet_service", ports.flatMap(ingressElements)),
    ...set("egress_tcp", "type ipv4_addr . inet_service; flags interval", destinationElements(egress.tcp)),
    ...set("egress_udp", "type ipv4_addr . inet_service; flags interval", destinationElements(egress.udp)),
    "  chain input { type filter hook input priority filter; policy drop; }",
    "  chain output {",
    "    type filter hook output priority filter; policy drop;",
    `    oifname "${BRIDGE}" icmp type destination-unreachable accept`,
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter; policy drop;",
    ...(network.uplink === null ? [] : uplinkRules(network.uplink)),
    `    iifname "${BRIDGE}" reject with icmp admin-prohibited`,
    "  }",
    "}",
  ];
}

/**
 * What may pass between bridge and uplink. Packets of a connection's opener are held against the
 * policy one by one, only answers pass by their connection: a narrowed policy cuts open connections.
 */
function uplinkRules({ namespace_interface: uplink, host_ipv4: host }: Uplink): string[] {
  const inwards = `iifname "${uplink}" oifname "${BRIDGE}"`;
  const outwards = `iifname "${BRIDGE}" oifname "${uplink}"`;
  return [
    "    ct direction reply ct state established,related accept",
    `    ${inwards} ip saddr ${host} ip daddr . tcp dport @ingress accept`,
    `    ${outwards} ip daddr . tcp dport @egress_tcp accept`,
    `    ${outwards} ip daddr . udp dport @egress_udp accept`,
  ];
}

function set(name: string, type: string, elements: readonly string[]): string[] {
  const members = elements.length === 0 ? "" : ` elements = { ${elements.join(", ")} }`;
  return [`  set ${name} { ${type};${members} }`];
}

function sourceElement({ instance }: GuestPort): string {
  return `"${instance.tap}" . ${instance.mac} . ${instance.ipv4}`;
}

function ingressElements({ instance, ingressPorts }: GuestPort): string[] {
  return ingressPorts.map((port) => `${instance.ipv4} . ${port}`);
}

function hookBody(tap: string): string {
  return `type filter hook ingress device "${tap}" priority filter; policy drop;`;
}

function hook(tap: string): string {
  return `{ ${hookBody(tap)} }`;
}
