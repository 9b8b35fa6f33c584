/**
 * Tenant networks on a Linux host: a namespace per tenant with bridge, taps, uplink and rules.
 * The implementation of the `TenantNetworks` port; what to do is decided by the planners and
 * renderers beside it, this file only keeps the order: links down, switches, rules, links up.
 *
 * Rules are flushed by others sooner or later. Either side's rules alone keep tenants apart and the
 * host out of reach, and routes and switches narrow what is left when both are gone: a tenant without
 * egress is not forwarded, one with egress has routes to its list's ranges only.
 *
 * A network that another installation made is refused, and left alone by removals.
 *
 * Work on one tenant, and on the table that tenants share on the host, never overlaps. Whatever an
 * interrupted call left behind, the next one completes or makes anew.
 */
import {
  keyedTurns,
  type CommandRunner,
  type Files,
  type KeyedTurns,
  type TenantNetworkSpec,
  type Uplink,
} from "@mvm/core";
import { planEgress, type EgressPlan } from "./egress-plan.ts";
import { renderHostRemoval, renderHostRules, renderHostTableRemoval } from "./host-ruleset.ts";
import { outwardInterfaces, ownAddressesWithin, type HostRoute } from "./host-routes.ts";
import { requireFreeRanges } from "./host-overlap.ts";
import { hostUplinkSettings, namespaceSettings } from "./kernel-settings.ts";
import {
  isUplinkWhole,
  planHostUp,
  planMissingLinks,
  planNamespaceUp,
  planStaleLinks,
  planTap,
  planTapUp,
} from "./namespace-links.ts";
import { renderNamespaceRuleset, renderTapHook, renderTapUnhook } from "./namespace-ruleset.ts";
import { isUplinkName, requireOwnNames } from "./network-names.ts";
import {
  observeHost,
  observeHostRoutes,
  observeKernelParts,
  observeLeftovers,
  observeNamespace,
  observeOwnInterfaces,
  observeTableUplinks,
  requireNamespace,
  type NetworkHost,
} from "./network-observation.ts";
import { otherOwner, planOwnerMark, requireOwnNetwork } from "./network-owner.ts";
import { createNetworkTools } from "./network-tools.ts";
import { endOutwardForwarding, planOutwardForwarding } from "./outward-forwarding.ts";
import type { GuestPort, TenantNetworks } from "./tenant-network.ts";

export interface TenantNetworksOptions {
  /** Beginning of every name that the host sees; other names are refused. */
  readonly namePrefix: string;
  /** The node's state directory: a network that another one's agent made is not touched. */
  readonly owner: string;
  /** A directory of this alone that need not survive a reboot: rulesets while they are applied, what was switched on. */
  readonly runtimeDir: string;
  readonly commands: CommandRunner;
  readonly files: Files;
}

interface Host extends NetworkHost {
  /** Over each tenant, and over what tenants share on the host. */
  readonly turns: KeyedTurns<string>;
}

const HOST_TABLE_TURN = "host table";

/** One instance per node: two would not wait for each other. */
export function createTenantNetworks(options: TenantNetworksOptions): TenantNetworks {
  const { namePrefix, owner, files, runtimeDir } = options;
  const host: Host = { tools: createNetworkTools(options), files, namePrefix, owner, runtimeDir, turns: keyedTurns() };
  const forTenant = async (network: TenantNetworkSpec, work: () => Promise<void>): Promise<void> => {
    requireOwnNames(network, namePrefix);
    await host.turns.take(`tenant ${network.namespace}`, work);
  };
  return {
    ensureNetwork: (network, ports) => forTenant(network, () => ensureNetwork(host, network, ports)),
    ensureTap: (network, port) => forTenant(network, () => ensureTap(host, network, port)),
    removeTap: (network, tap) => forTenant(network, () => removeTap(host, network, tap)),
    removeNetwork: (network) => forTenant(network, () => removeNetwork(host, network)),
    leftovers: (prefix) => observeLeftovers(host, prefix),
  };
}

async function ensureNetwork(host: Host, network: TenantNetworkSpec, ports: readonly GuestPort[]): Promise<void> {
  const { tools, namePrefix } = host;
  const [observed, parts] = [await observeHost(host, network), await observeKernelParts(host)];
  requireOwnNetwork(host.owner, network, observed.namespace);
  const egress = planEgress(network.egress);
  const hasEgress = network.uplink !== null && egress.ranges.length > 0;
  const isNew = network.uplink !== null && !isUplinkWhole(network, observed);
  const routes = hasEgress || isNew ? await observeHostRoutes(host) : [];
  // Not later: an overlap that comes up meanwhile must not keep the rules from being put back.
  if (isNew) requireFreeRanges(network, routes);

  const stale = planStaleLinks(network, observed);
  await tools.ip(network.namespace, stale);
  if (stale.length > 0) await host.turns.take(HOST_TABLE_TURN, () => sweepHostTable(host));
  await tools.ip(null, planMissingLinks(network, observed));
  await tools.ip(network.namespace, planOwnerMark(host.owner, observed));
  await tools.sysctl(network.namespace, namespaceSettings(network, parts));
  const links = typeof observed.namespace === "string" ? [] : observed.namespace.links;
  const presentTaps = ports.map(({ instance }) => instance.tap).filter((tap) => links.includes(tap));
  await tools.nft(network.namespace, renderNamespaceRuleset({ namePrefix, network, ports, presentTaps }));
  if (network.uplink !== null) {
    await tools.sysctl(null, hostUplinkSettings(network.uplink, hasEgress, parts));
    await ensureHostRules(host, { uplink: network.uplink, egress, routes });
  }
  await tools.ip(network.namespace, planNamespaceUp(network, observed, ownAddressesWithin(routes, egress.ranges)));
  await tools.ip(null, planHostUp(network));
}

interface TenantOnHost {
  readonly uplink: Uplink;
  readonly egress: EgressPlan;
  readonly routes: readonly HostRoute[];
}

/** The tenant's part of the host's table, and forwarding where answers to its egress come in. */
async function ensureHostRules(host: Host, { uplink, egress, routes }: TenantOnHost): Promise<void> {
  const { tools, namePrefix } = host;
  const isOurs = (name: string): boolean => isUplinkName(namePrefix, name);
  await host.turns.take(HOST_TABLE_TURN, async () => {
    const outward = await planOutwardForwarding(host, outwardInterfaces(routes, egress.ranges, isOurs));
    await tools.nft(null, renderHostRules({ namePrefix, uplink, egress, outward: outward.interfaces }));
    await outward.switchOn();
  });
}

async function ensureTap(host: Host, network: TenantNetworkSpec, port: GuestPort): Promise<void> {
  const { tools, namePrefix } = host;
  const { namespace } = network;
  const observed = await requireNamespace(host, namespace);
  requireOwnNetwork(host.owner, network, observed);
  const { tap } = port.instance;
  const makeTap = planTap(tap, port.ownerUid, observed);
  await tools.ip(namespace, makeTap);
  try {
    await tools.nft(namespace, renderTapHook(namePrefix, port));
  } catch (error) {
    if (makeTap.length > 0) await tools.ip(namespace, [`link delete dev ${tap}`]);
    throw error;
  }
  await tools.ip(namespace, planTapUp(tap));
}

async function removeTap(host: Host, network: TenantNetworkSpec, tap: string): Promise<void> {
  const { tools, namePrefix } = host;
  const observed = await observeNamespace(host, network.namespace);
  if (typeof observed === "string" || otherOwner(host.owner, observed) !== null) return;
  if (observed.links.includes(tap)) await tools.ip(network.namespace, [`link delete dev ${tap}`]);
  await tools.nft(network.namespace, renderTapUnhook(namePrefix, tap));
}

async function removeNetwork(host: Host, network: TenantNetworkSpec): Promise<void> {
  const { tools } = host;
  const observed = await observeHost(host, network);
  if (otherOwner(host.owner, observed.namespace) !== null) return;
  await tools.ip(network.namespace, planStaleLinks(network, observed));
  const uplink =
    observed.hostUplinkExists && network.uplink !== null ? [`link delete dev ${network.uplink.host_interface}`] : [];
  const namespace = observed.namespace === "absent" ? [] : [`netns delete ${network.namespace}`];
  await tools.ip(null, [...uplink, ...namespace]);
  await host.turns.take(HOST_TABLE_TURN, () => sweepHostTable(host));
}

/** Takes out of the host's table whose uplink is gone; with the last one the table and forwarding outwards. */
async function sweepHostTable(host: Host): Promise<void> {
  const { tools, namePrefix } = host;
  const [present, listed] = [await observeOwnInterfaces(host), await observeTableUplinks(host)];
  const gone = (listed ?? []).filter((name) => !present.includes(name));
  const isLast = listed === null ? present.length === 0 : gone.length === listed.length;
  if (!isLast) {
    if (gone.length > 0) await tools.nft(null, renderHostRemoval(namePrefix, gone));
    return;
  }
  await endOutwardForwarding(host);
  if (listed !== null) await tools.nft(null, renderHostTableRemoval(namePrefix));
}
