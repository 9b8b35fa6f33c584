/**
 * The port to a tenant's network on this node (design §9): a namespace with bridge, taps, uplink
 * and rules, made whole before a tap is up. Called by agent/src/lifecycle only.
 */
import type { InstanceSpec, TenantNetworkSpec } from "@mvm/core";

/** One guest's port: its addresses from the spec, the uid that may open its tap. */
export interface GuestPort {
  readonly instance: Pick<InstanceSpec, "instance_id" | "ipv4" | "mac" | "tap">;
  readonly ownerUid: number;
  /** Guest TCP ports that the node's ingress address may reach. */
  readonly ingressPorts: readonly number[];
}

export interface TenantNetworks {
  /**
   * Makes the namespace, bridge, uplink and rules as the spec and the ports demand; idempotent,
   * rules are replaced atomically and are in place before any tap is up. A port that is not among
   * `ports` is mute from here on, although its tap may still be up.
   * @throws MvmError MVM_NET_APPLY_FAILED, MVM_NET_OVERLAP, MVM_NET_PREFIX_TAKEN; then nothing is opened that was closed before
   */
  ensureNetwork(network: TenantNetworkSpec, ports: readonly GuestPort[]): Promise<void>;
  /**
   * Makes the instance's tap, owned by its uid, inside the namespace. The rules must hold it already.
   * @throws MvmError MVM_NET_APPLY_FAILED, MVM_NET_PREFIX_TAKEN; then there is no new tap
   */
  ensureTap(network: TenantNetworkSpec, port: GuestPort): Promise<void>;
  /** Removes the tap; missing is fine. */
  removeTap(network: TenantNetworkSpec, tap: string): Promise<void>;
  /** Removes the namespace and everything of the tenant on the host's side; missing is fine. */
  removeNetwork(network: TenantNetworkSpec): Promise<void>;
  /** What exists on this host under the given name prefix, as `namespace NAME`, `interface NAME`, `table FAMILY NAME`. */
  leftovers(namePrefix: string): Promise<readonly string[]>;
}
