/**
 * The packet filter on the host's side of the uplinks, as nft text: one table for all tenants, of
 * which each tenant has a chain and two sets of its own. Pure.
 *
 * The host may open connections into a namespace; out of one comes nothing but answers to them and
 * what the tenant's egress policy names, masqueraded. Packets that touch no uplink are none of this
 * table's business, except where forwarding is on only because of it (`outward`). Table and chains
 * of others are never touched.
 */
import type { Uplink } from "@mvm/core";
import { destinationElements, type EgressPlan } from "./egress-plan.ts";
import { hostTable } from "./network-names.ts";

/** The set of the host's ends of all uplinks. */
export const UPLINKS_SET = "uplinks";

export interface HostRules {
  readonly namePrefix: string;
  readonly uplink: Uplink;
  readonly egress: EgressPlan;
  /** All interfaces that forward for tenants' sake only. */
  readonly outward: readonly string[];
}

/** Puts one tenant's part in place, and the shared part with it, in one transaction; repeatable. */
export function renderHostRules({ namePrefix, uplink, egress, outward }: HostRules): string {
  const table = `inet ${hostTable(namePrefix)}`;
  const name = uplink.host_interface;
  return [
    ...sharedPart(table),
    `add element ${table} ${UPLINKS_SET} { "${name}" }`,
    `flush set ${table} outward`,
    ...outward.map((interfaceName) => `add element ${table} outward { "${interfaceName}" }`),
    ...destinationSet(`${table} tcp_${name}`, destinationElements(egress.tcp)),
    ...destinationSet(`${table} udp_${name}`, destinationElements(egress.udp)),
    `add chain ${table} egress_${name}`,
    `flush chain ${table} egress_${name}`,
    `add rule ${table} egress_${name} ip daddr . tcp dport @tcp_${name} accept`,
    `add rule ${table} egress_${name} ip daddr . udp dport @udp_${name} accept`,
    `add element ${table} egress { "${name}" : jump egress_${name} }`,
    "",
  ].join("\n");
}

/** Takes tenants' parts out again, by the names of their uplinks. */
export function renderHostRemoval(namePrefix: string, uplinks: readonly string[]): string {
  const table = `inet ${hostTable(namePrefix)}`;
  const lines = uplinks.flatMap((name) => [
    `delete element ${table} ${UPLINKS_SET} { "${name}" }`,
    `delete element ${table} egress { "${name}" }`,
    `flush chain ${table} egress_${name}`,
    `delete chain ${table} egress_${name}`,
    `delete set ${table} tcp_${name}`,
    `delete set ${table} udp_${name}`,
  ]);
  return [...lines, ""].join("\n");
}

/** Takes the whole table away: no uplink is left. */
export function renderHostTableRemoval(namePrefix: string): string {
  return `delete table inet ${hostTable(namePrefix)}\n`;
}

function sharedPart(table: string): string[] {
  const rules: readonly (readonly [chain: string, rule: string])[] = [
    ["input", "iifname @uplinks ct direction reply ct state established accept"],
    ["input", "iifname @uplinks drop"],
    ["forward", "oifname @uplinks ct direction reply ct state established,related accept"],
    ["forward", "oifname @uplinks drop"],
    ["forward", "iifname vmap @egress"],
    ["forward", "iifname @uplinks drop"],
    ["forward", "iifname @outward drop"],
    ["postrouting", "iifname @uplinks oifname != @uplinks masquerade"],
  ];
  return [
    `add table ${table}`,
    `add set ${table} ${UPLINKS_SET} { type ifname; }`,
    `add set ${table} outward { type ifname; }`,
    `add map ${table} egress { type ifname : verdict; }`,
    `add chain ${table} input { type filter hook input priority filter; policy accept; }`,
    `add chain ${table} forward { type filter hook forward priority filter; policy accept; }`,
    `add chain ${table} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    ...["input", "forward", "postrouting"].map((chain) => `flush chain ${table} ${chain}`),
    ...rules.map(([chain, rule]) => `add rule ${table} ${chain} ${rule}`),
  ];
}

function destinationSet(set: string, elements: readonly string[]): string[] {
  return [
    `add set ${set} { type ipv4_addr . inet_service; flags interval; }`,
    `flush set ${set}`,
    ...(elements.length === 0 ? [] : [`add element ${set} { ${elements.join(", ")} }`]),
  ];
}
