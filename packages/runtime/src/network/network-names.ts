/**
 * Names and addresses that follow from the spec or the name prefix by a fixed rule, and the check
 * that a spec's names are this node's to use. Pure.
 */
import { MvmError, type TenantNetworkSpec } from "@mvm/core";

/** The bridge of every tenant's namespace. */
export const BRIDGE = "br0";

/** Prefix length of the link between host and namespace. */
export const UPLINK_PREFIX_LENGTH = 30;

/** The table of this product on the host, family inet. */
export function hostTable(namePrefix: string): string {
  return `${namePrefix}_host`;
}

/** The tables inside each tenant's namespace, one in each of the families netdev, bridge and inet. */
export function tenantTable(namePrefix: string): string {
  return `${namePrefix}_tenant`;
}

/** The netdev chain at a tap; a name of its own, because a tap may be called as a keyword. */
export function tapChain(tap: string): string {
  return `at_${tap}`;
}

/** The path of a network namespace that `ip netns` made. */
export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/**
 * The bridge's MAC: the same on every node, so that guests' ARP caches stay right when they move.
 * `06:…` is locally administered and no guest's, whose MACs begin with `02`.
 */
export function bridgeMac({ tenant_net_id: id }: Pick<TenantNetworkSpec, "tenant_net_id">): string {
  const bytes = [24, 16, 8, 0].map((shift) => ((id >>> shift) & 0xff).toString(16).padStart(2, "0"));
  return ["06", "00", ...bytes].join(":");
}

/**
 * Refuses a spec whose names on the host don't begin with the prefix: they could be anybody's.
 * @throws MvmError MVM_NET_APPLY_FAILED
 */
export function requireOwnNames(network: TenantNetworkSpec, namePrefix: string): void {
  const names = [network.namespace, ...(network.uplink === null ? [] : [network.uplink.host_interface])];
  for (const name of names) {
    if (name.startsWith(namePrefix)) continue;
    throw new MvmError("MVM_NET_APPLY_FAILED", {
      message: `the spec names ${name}, which does not begin with this node's prefix ${namePrefix}`,
      remedy: "Set the same [network] name_prefix for coordinator and agent.",
      details: { name, name_prefix: namePrefix },
    });
  }
}
