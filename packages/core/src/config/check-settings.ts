/**
 * What the schema of one setting can't see: whether settings fit each other. Each section is
 * looked at by itself, so that a mistake elsewhere hides nothing here. Pure.
 */
import * as z from "zod";
import { formatAddress, overlaps, parseRange, prefixLengthOf } from "../ipv4-range.ts";
import type { KeyPath } from "../toml/problem.ts";
import { NetworkSection, NodeSection } from "./schema.ts";

/** A mistake at a path of the config file. */
export interface SettingMistake {
  readonly path: KeyPath;
  readonly message: string;
}

/** Linux' limit for the path of a Unix socket, without the closing NUL. */
const MAX_SOCKET_PATH = 107;
/** Room below runtime_dir for the longest socket: a directory, an instance's id and a file name. */
const LONGEST_SOCKET_NAME = "/vms//console.sock".length + 54;

const Sections = z.looseObject({
  network: NetworkSection.prefault({}).catch(() => NetworkSection.parse({})),
  node: NodeSection.nullable().catch(null),
});

/**
 * Every setting that does not fit another.
 * @param value the config file's value; sections that break their schema are passed over
 */
export function checkSettings(value: unknown): readonly SettingMistake[] {
  const sections = Sections.safeParse(value);
  if (!sections.success) return [];
  const { network, node } = sections.data;
  return [...checkNetwork(network), ...(node === null ? [] : checkPaths(node))];
}

function checkNetwork(network: z.infer<typeof NetworkSection>): readonly SettingMistake[] {
  const mistakes: SettingMistake[] = [];
  const cluster = parseRange(network.cluster_cidr);
  const uplink = parseRange(network.uplink_cidr);
  for (const key of ["cluster_cidr", "uplink_cidr"] as const) {
    const first = formatAddress(parseRange(network[key]).first);
    const [address, length] = network[key].split("/");
    if (address !== first) {
      mistakes.push({
        path: ["network", key],
        message: `network.${key} is ${network[key]}, which begins inside the range: write ${first}/${length ?? ""}`,
      });
    }
  }
  if (network.tenant_prefix_length < prefixLengthOf(cluster)) {
    mistakes.push({
      path: ["network", "tenant_prefix_length"],
      message: `network.tenant_prefix_length is ${network.tenant_prefix_length}: one tenant's /${network.tenant_prefix_length} does not fit into cluster_cidr ${network.cluster_cidr}`,
    });
  }
  if (prefixLengthOf(uplink) > 30) {
    mistakes.push({
      path: ["network", "uplink_cidr"],
      message: `network.uplink_cidr is ${network.uplink_cidr}: it must hold one /30 at least`,
    });
  }
  if (overlaps(cluster, uplink)) {
    mistakes.push({
      path: ["network", "uplink_cidr"],
      message: `network.uplink_cidr ${network.uplink_cidr} overlaps cluster_cidr ${network.cluster_cidr}`,
    });
  }
  return mistakes;
}

function checkPaths({ runtime_dir: runtimeDir }: z.infer<typeof NodeSection>): readonly SettingMistake[] {
  const room = MAX_SOCKET_PATH - LONGEST_SOCKET_NAME;
  if (Buffer.byteLength(runtimeDir) <= room) return [];
  return [
    {
      path: ["node", "runtime_dir"],
      message: `node.runtime_dir is longer than ${room} bytes: the paths of sockets in it would not fit into the system's ${MAX_SOCKET_PATH}`,
    },
  ];
}
