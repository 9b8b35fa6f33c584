/**
 * Looks at what exists of tenant networks on this host: namespaces, links, the host's table.
 * Reads only; called by the doers beside it.
 */
import type { Files, TenantNetworkSpec } from "@mvm/core";
import { MvmError } from "@mvm/core";
import { HOST_ROUTES_ARGV, decodeHostRoutes, type HostRoute } from "./host-routes.ts";
import { decodeTableUplinks } from "./host-table.ts";
import type { KernelParts } from "./kernel-settings.ts";
import { OBSERVE_LINES, decodeNamespaceLinks, type ObservedHost, type ObservedNamespace } from "./namespace-links.ts";
import { hostTable, isNamespaceName, isTableName, isUplinkName, namespacePath } from "./network-names.ts";
import type { NetworkTools } from "./network-tools.ts";

const NAMESPACES = "/run/netns";
const INTERFACES = "/sys/class/net";
const MAX_SETTING_BYTES = 64;

/** What looking and doing take: the host's tools and files, and whose names are ours. */
export interface NetworkHost {
  readonly tools: NetworkTools;
  readonly files: Files;
  readonly namePrefix: string;
  /** What the installation is told by from others on this host; see `network-owner.ts`. */
  readonly owner: string;
  /** A directory of tenant networks alone that need not survive a reboot. */
  readonly runtimeDir: string;
}

export async function observeNamespace(
  { tools, files }: NetworkHost,
  namespace: string,
): Promise<ObservedHost["namespace"]> {
  if ((await files.stat(namespacePath(namespace))) === null) return "absent";
  const stdout = await tools.read(["ip", "-netns", namespace, "-json", "-batch", "-"], `${OBSERVE_LINES.join("\n")}\n`);
  return stdout === null ? "broken" : decodeNamespaceLinks(stdout);
}

/** The namespace's contents. @throws MvmError MVM_NET_APPLY_FAILED when there is no such namespace */
export async function requireNamespace(host: NetworkHost, namespace: string): Promise<ObservedNamespace> {
  const observed = await observeNamespace(host, namespace);
  if (typeof observed !== "string") return observed;
  throw new MvmError("MVM_NET_APPLY_FAILED", {
    message: `the network namespace ${namespace} is ${observed}`,
    retry: "backoff",
  });
}

export async function observeHost(host: NetworkHost, network: TenantNetworkSpec): Promise<ObservedHost> {
  return {
    namespace: await observeNamespace(host, network.namespace),
    hostUplinkExists: network.uplink !== null && (await interfaceExists(host, network.uplink.host_interface)),
  };
}

export async function interfaceExists({ files }: NetworkHost, name: string): Promise<boolean> {
  return (await files.stat(`${INTERFACES}/${name}`)) !== null;
}

export async function observeHostRoutes({ tools }: NetworkHost): Promise<readonly HostRoute[]> {
  const stdout = await tools.read(HOST_ROUTES_ARGV);
  if (stdout === null)
    throw new MvmError("MVM_NET_APPLY_FAILED", { message: "can't read the host's routes", retry: "backoff" });
  const document: unknown = JSON.parse(stdout);
  return decodeHostRoutes(document);
}

/** The host ends of uplinks that exist under the prefix. */
export async function observeOwnInterfaces({ files, namePrefix }: NetworkHost): Promise<readonly string[]> {
  return (await files.list(INTERFACES)).filter((name) => isUplinkName(namePrefix, name));
}

/** The host ends of uplinks in the host's table, or null when there is no such table. */
export async function observeTableUplinks({ tools, namePrefix }: NetworkHost): Promise<readonly string[] | null> {
  const stdout = await tools.read(["nft", "-j", "list", "table", "inet", hostTable(namePrefix)]);
  return stdout === null ? null : decodeTableUplinks(stdout);
}

/** Whether packets that come in on this interface of the host are forwarded. */
export async function isForwarding({ files }: NetworkHost, name: string): Promise<boolean> {
  const setting = await files.read(`/proc/sys/net/ipv4/conf/${name}/forwarding`, MAX_SETTING_BYTES);
  return setting?.toString("utf8").trim() === "1";
}

export async function observeKernelParts({ files }: NetworkHost): Promise<KernelParts> {
  const exists = async (path: string): Promise<boolean> => (await files.stat(path)) !== null;
  return {
    bridgeNetfilter: await exists("/proc/sys/net/bridge/bridge-nf-call-iptables"),
    ipv6: await exists("/proc/sys/net/ipv6/conf/all"),
  };
}

/** Namespaces, interfaces and tables of the host that bear the prefix, sorted, each with its kind. */
export async function observeLeftovers({ tools, files }: NetworkHost, prefix: string): Promise<readonly string[]> {
  const namespaces = (await files.list(NAMESPACES)).filter((name) => isNamespaceName(prefix, name));
  const interfaces = (await files.list(INTERFACES)).filter((name) => isUplinkName(prefix, name));
  const tables = ((await tools.read(["nft", "list", "tables"])) ?? "")
    .split("\n")
    .filter((line) => isTableName(prefix, line.split(" ")[2] ?? ""));
  return [
    ...namespaces.map((name) => `namespace ${name}`),
    ...interfaces.map((name) => `interface ${name}`),
    ...tables,
  ];
}
