/**
 * Whose a tenant's network is. Names are counted from 1 in every installation, so two of them with
 * one name prefix would take each other's networks: each marks what it makes with its state
 * directory, as the alias of the bridge, before rules or taps are put there. Pure.
 */
import { MvmError, type TenantNetworkSpec } from "@mvm/core";
import type { ObservedHost } from "./namespace-links.ts";
import { BRIDGE } from "./network-names.ts";

const MARK = "mvm:";

/** Lines for inside the namespace: the mark, unless it is there. Only after `requireOwnNetwork`. */
export function planOwnerMark(owner: string, { namespace }: ObservedHost): readonly string[] {
  const isMarked = typeof namespace !== "string" && namespace.mark === markOf(owner);
  return isMarked ? [] : [`link set dev ${BRIDGE} alias ${markOf(owner)}`];
}

/** The other installation that made this network, by its mark, or null. One without a mark was cut short. */
export function otherOwner(owner: string, namespace: ObservedHost["namespace"]): string | null {
  if (typeof namespace === "string" || namespace.mark === null || namespace.mark === markOf(owner)) return null;
  const { mark } = namespace;
  return mark.startsWith(MARK) ? mark.slice(MARK.length) : mark;
}

/**
 * Refuses a network that another installation made.
 * @throws MvmError MVM_NET_PREFIX_TAKEN
 */
export function requireOwnNetwork(
  owner: string,
  { namespace: name }: Pick<TenantNetworkSpec, "namespace">,
  namespace: ObservedHost["namespace"],
): void {
  const other = otherOwner(owner, namespace);
  if (other === null) return;
  throw new MvmError("MVM_NET_PREFIX_TAKEN", {
    message: `the network namespace ${name} is of the installation with the state directory ${other}, not of ${owner}`,
    retry: "backoff",
    details: { namespace: name, state_dir: owner, other_state_dir: other },
  });
}

/** One word for `ip -batch`, whatever the path holds. */
function markOf(owner: string): string {
  return `${MARK}${encodeURIComponent(owner).replaceAll("%2F", "/").replaceAll("'", "%27")}`;
}
