/**
 * The kernel's switches that tenant networks need, as `sysctl -w` arguments (slashes, because an
 * interface's name may hold dots). Pure.
 *
 * They are half of the isolation: what they keep shut stays shut when somebody flushes the rules.
 */
import type { TenantNetworkSpec, Uplink } from "@mvm/core";
import { BRIDGE } from "./network-names.ts";

/** Parts of the kernel that may be absent, and with them their switches. */
export interface KernelParts {
  /** Whether bridged frames can be handed to the IP filters (br_netfilter); a new namespace starts with that on. */
  readonly bridgeNetfilter: boolean;
  readonly ipv6: boolean;
}

/** Switches inside the namespace; its links exist, none is up yet when it is new. */
export function namespaceSettings({ uplink }: TenantNetworkSpec, parts: KernelParts): readonly string[] {
  return [
    "net/ipv4/conf/default/forwarding=0",
    `net/ipv4/conf/${BRIDGE}/forwarding=${uplink === null ? 0 : 1}`,
    "net/ipv4/conf/all/accept_source_route=0",
    // A guest's source must be routed back to the bridge. Not so on the uplink: errors from routers
    // on the way to an allowed destination come from addresses without a route here.
    "net/ipv4/conf/all/rp_filter=0",
    `net/ipv4/conf/${BRIDGE}/rp_filter=1`,
    // ARP answers for the bridge's own address only.
    "net/ipv4/conf/all/arp_ignore=1",
    ...(uplink === null ? [] : uplinkInside(uplink)),
    ...(parts.ipv6 ? ["net/ipv6/conf/all/disable_ipv6=1", "net/ipv6/conf/default/disable_ipv6=1"] : []),
    ...(parts.bridgeNetfilter
      ? ["iptables", "ip6tables", "arptables"].map((tool) => `net/bridge/bridge-nf-call-${tool}=0`)
      : []),
  ];
}

/**
 * Switches of the uplink's end on the host. It forwards only for a tenant with egress: without, no
 * packet of that namespace gets past the host's own addresses, rules or not.
 */
export function hostUplinkSettings(uplink: Uplink, hasEgress: boolean, parts: KernelParts): readonly string[] {
  const conf = `net/ipv4/conf/${uplink.host_interface}`;
  return [
    `${conf}/forwarding=${hasEgress ? 1 : 0}`,
    `${conf}/rp_filter=1`,
    `${conf}/accept_source_route=0`,
    ...(parts.ipv6 ? [`net/ipv6/conf/${uplink.host_interface}/disable_ipv6=1`] : []),
  ];
}

/** Switches forwarding on or off on interfaces that lead outwards: answers to egress come in there. */
export function outwardSettings(interfaces: readonly string[], forwarding: boolean): readonly string[] {
  return interfaces.map((name) => `net/ipv4/conf/${name}/forwarding=${forwarding ? 1 : 0}`);
}

function uplinkInside({ namespace_interface: name }: Uplink): readonly string[] {
  return [`net/ipv4/conf/${name}/forwarding=1`, `net/ipv4/conf/${name}/rp_filter=0`];
}
