/**
 * What the schema of one setting can't see: whether settings fit each other. Each section is
 * looked at by itself, so that a mistake elsewhere hides nothing here. Pure.
 */
import { resolve } from "node:path";
import * as z from "zod";
import { formatAddress, overlaps, parseRange, prefixLengthOf } from "../ipv4-range.ts";
import type { KeyPath } from "../toml/problem.ts";
import { NetworkSection, NodeSection } from "./schema.ts";

/** A mistake at a path of the config file. */
export interface SettingMistake {
  readonly path: KeyPath;
  readonly message: string;
}

/** One by one: a mistake at another key of the section hides nothing here. */
const Places = NodeSection.pick({ state_dir: true })
  .extend({ keys_dir: NodeSection.shape.keys_dir.catch(undefined) })
  .loose();

const Sections = z.looseObject({
  network: NetworkSection.prefault({}).catch(() => NetworkSection.parse({})),
  node: Places.nullable().catch(null),
});

/**
 * Every setting that does not fit another.
 * @param value the config file's value; sections that break their schema are passed over
 * @param directory what relative paths of the file are relative to
 */
export function checkSettings(value: unknown, directory: string): readonly SettingMistake[] {
  const sections = Sections.safeParse(value);
  if (!sections.success) return [];
  const { network, node } = sections.data;
  return [...checkNetwork(network), ...(node === null ? [] : checkKeysPlace(node, directory))];
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

/** Whoever copies or backs up the state must not get the keys to it by the way. */
function checkKeysPlace(
  { state_dir: stateDir, keys_dir: keysDir }: z.infer<typeof Places>,
  directory: string,
): readonly SettingMistake[] {
  if (keysDir === undefined) return [];
  const [state, keys] = [resolve(directory, stateDir), resolve(directory, keysDir)];
  if (keys !== state && !keys.startsWith(`${state}/`)) return [];
  return [
    {
      path: ["node", "keys_dir"],
      message: `node.keys_dir ${keysDir} lies in state_dir ${stateDir}: a copy of the state would hold the keys to it; leave it out, which means ${stateDir}-keys, or name a directory elsewhere`,
    },
  ];
}
