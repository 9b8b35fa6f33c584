/**
 * Things on this host that carry our names and that the journal knows nothing of: told at start,
 * never touched. Reads only.
 */
import type { Files, Logger } from "@mvm/core";
import { vmJailsDir, type TenantNetworks, type Volumes } from "@mvm/runtime";
import type { Journal } from "../journal/journal.ts";
import { nodePaths } from "../node-paths.ts";
import type { VmmPlaces } from "./host-processes.ts";
import { vmLeftovers } from "./vm-leftovers.ts";

export interface UnknownThingsParts {
  readonly files: Pick<Files, "list" | "stat" | "read">;
  readonly networks: Pick<TenantNetworks, "leftovers">;
  readonly volumes: Pick<Volumes, "leftovers">;
  readonly journal: Pick<Journal, "records">;
  readonly settings: VmmPlaces & { readonly namePrefix: string };
}

/** One sentence for each thing. */
export async function unknownThings({
  files,
  networks,
  volumes,
  journal,
  settings,
}: UnknownThingsParts): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  // Of what is destroyed nothing may be here.
  const records = journal.records().filter(({ state }) => state !== "destroyed");
  const ids = new Set<string>(records.map(({ instance_id }) => instance_id));
  const directories: string[] = [];
  for (const dir of [paths.instancesDir, paths.vmsDir, paths.secretsDir, vmJailsDir(paths.jailsDir)]) {
    for (const name of await files.list(dir)) if (!ids.has(name)) directories.push(`directory ${dir}/${name}`);
  }
  const isAnythingAttached = records.some(({ attached }) => attached);
  const known = records.flatMap(({ attachment: { network } }) => [
    network.namespace,
    network.uplink?.host_interface ?? network.namespace,
  ]);
  const leftovers = await networks.leftovers(settings.namePrefix);
  // Tables of the host are shared by all tenants: they are ours as long as anything is attached.
  const foreign = leftovers.filter(
    (thing) => !known.some((name) => thing.endsWith(` ${name}`)) && !(isAnythingAttached && thing.startsWith("table ")),
  );
  const open = (await volumes.leftovers()).filter((thing) => !ids.has(thing.replace(/^volume /, "")));
  const uids = new Set(records.flatMap(({ uid }) => uid ?? []));
  return [...directories, ...(await vmLeftovers(files, settings, { ids, uids })), ...foreign, ...open];
}

export async function reportUnknownThings(parts: UnknownThingsParts, log: Logger): Promise<void> {
  const things = await unknownThings(parts);
  if (things.length > 0) log.warn("node.unknown-things", { things });
}
