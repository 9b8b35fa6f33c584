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

/** Whether a namespace bears this prefix. Exact, here and below: one prefix may be the beginning of another. */
export function isNamespaceName(namePrefix: string, name: string): boolean {
  return isNumbered(`${namePrefix}-`, name);
}

/** Whether an interface of the host is an uplink of this prefix. */
export function isUplinkName(namePrefix: string, name: string): boolean {
  return isNumbered(`${namePrefix}u`, name);
}

/** Whether a table bears this prefix. */
export function isTableName(namePrefix: string, name: string): boolean {
  return name.startsWith(`${namePrefix}_`);
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
 * Refuses a spec whose names on the host don't bear the prefix: they could be anybody's.
 * @throws MvmError MVM_NET_APPLY_FAILED
 */
export function requireOwnNames(network: TenantNetworkSpec, namePrefix: string): void {
  const { namespace, uplink } = network;
  if (!isNamespaceName(namePrefix, namespace)) throw foreignName(namespace, namePrefix);
  if (uplink !== null && !isUplinkName(namePrefix, uplink.host_interface))
    throw foreignName(uplink.host_interface, namePrefix);
}

function foreignName(name: string, namePrefix: string): MvmError {
  return new MvmError("MVM_NET_APPLY_FAILED", {
    message: `the spec names ${name}, which does not bear this node's prefix ${namePrefix}`,
    remedy: "Set the same [network] name_prefix for coordinator and agent.",
    details: { name, name_prefix: namePrefix },
  });
}

function isNumbered(stem: string, name: string): boolean {
  return name.startsWith(stem) && /^\d+$/.test(name.slice(stem.length));
}
