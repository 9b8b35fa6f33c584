/**
 * Everything of one tenant on this host while its node and other tenants live on, found by looking
 * and not by asking the product. The marks to look for are noted while the tenant is there: its
 * users, names, addresses, and the MACs of its taps, whose names other tenants' taps share.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InstanceView, TenantView } from "@mvm/core";
import * as z from "zod";
import { outputLines, processes } from "../host-state.ts";
import { blockAttributes } from "./traces.ts";
import type { World } from "./world.ts";

export interface TenantMarks {
  readonly world: Pick<World, "dir" | "namePrefix">;
  readonly uids: ReadonlySet<number>;
  /** Whole names and addresses; an instance's begins with its tenant's. */
  readonly names: RegExp;
}

const ETHER = /link\/ether ([0-9a-f:]{17})/;

/** What would give this tenant away. It must be up. */
export async function tenantMarks(world: World, tenantId: string): Promise<TenantMarks> {
  const { tenant } = z.object({ tenant: TenantView }).parse(await world.json("tenant", "show", tenantId));
  const { instances } = z
    .object({ instances: z.array(InstanceView) })
    .parse(await world.json("instance", "list", "--tenant", tenantId));
  const { namespace, uplink, ipv4_subnet: subnet } = tenant.network;
  const taps = (await outputLines("ip", "-n", namespace, "-o", "link")).filter((line) => /^\d+: tap/.test(line));
  const names = [
    tenantId,
    namespace,
    subnet,
    ...(uplink === null ? [] : [uplink.host_interface]),
    ...taps.flatMap((line) => ETHER.exec(line)?.[1] ?? []),
    ...instances.flatMap(({ ipv4, mac, volume_uuid: volume }) => [ipv4, mac, volume]),
  ];
  const alternatives = names.map((name) => RegExp.escape(name)).join("|");
  return {
    world,
    uids: new Set(instances.flatMap(({ status }) => status?.uid ?? [])),
    names: new RegExp(`(?<![A-Za-z0-9.:-])(${alternatives})(?![A-Za-z0-9])`),
  };
}

/** One line a finding, sorted; its first word is the kind, one of those that are looked for below, or process. */
export async function tenantTraces({ world, uids, names }: TenantMarks): Promise<readonly string[]> {
  const { dir, namePrefix } = world;
  const namespaces = await outputLines("ip", "netns", "list");
  const found: string[] = [];
  const look = (kind: string, lines: readonly string[]): void => {
    found.push(...lines.filter((line) => names.test(line)).map((line) => `${kind} ${line.trim()}`));
  };

  look("namespace", namespaces);
  look("mount", (await readFile("/proc/mounts", "utf8")).split("\n"));
  look("link", await outputLines("ip", "-o", "link"));
  look("nft", await outputLines("nft", "list", "ruleset"));
  for (const [namespace = ""] of namespaces.map((line) => line.split(" "))) {
    if (!namespace.startsWith(`${namePrefix}-`)) continue;
    look("link", await outputLines("ip", "-n", namespace, "-o", "link"));
    look("nft", await outputLines("ip", "netns", "exec", namespace, "nft", "list", "ruleset"));
  }
  const ours = `${namePrefix}-`;
  const mappings = (await blockAttributes("dm/name")).filter((name) => name.startsWith(ours));
  // Behind the node's prefix stands the instance's name.
  look(
    "mapping",
    mappings.map((name) => name.slice(ours.length)),
  );
  look("loop", await blockAttributes("loop/backing_file"));
  look("cgroup", await readdir("/sys/fs/cgroup", { recursive: true }).catch(() => []));
  for (const place of ["state", "state-keys", "run"])
    look("path", await readdir(join(dir, place), { recursive: true }));
  for (const { pid, uids: own, argv } of await processes()) {
    const isNamed = argv.includes(dir) && names.test(argv);
    if (isNamed || own.some((uid) => uids.has(uid))) found.push(`process ${pid} ${argv.slice(0, 200)}`);
  }
  return found.toSorted();
}
