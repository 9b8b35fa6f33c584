/**
 * Everything on this host that belongs to a world, found by looking and not by asking the product:
 * namespaces, links, nft tables and rules, processes, mounts, mappings, loop devices, files. Used by
 * acceptance tests after destroy.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { outputLines, processes } from "../host-state.ts";

export interface TracesRequest {
  /** The world's directory: no process, mount, volume or VM directory below it may be left. */
  readonly dir: string;
  /** Beginning of its namespaces', links' and tables' names. */
  readonly namePrefix: string;
  /** Whether the node itself is still set up: then its empty tmpfs for secrets is no trace. */
  readonly nodeStands: boolean;
}

/** One line a finding, sorted; empty when the host is as it was. */
export async function traces({ dir, namePrefix, nodeStands }: TracesRequest): Promise<readonly string[]> {
  // A chain of rules may have more before an uplink's name: `egress_` and the like.
  const ownName = new RegExp(`(?<![A-Za-z0-9])${namePrefix}(u\\d|-\\d|_)`);
  const secretsMount = ` ${join(dir, "run/secrets")} `;
  const found = [
    ...(await outputLines("ip", "netns", "list"))
      .filter((line) => line.startsWith(`${namePrefix}-`))
      .map((line) => `namespace ${line}`),
    ...(await outputLines("ip", "-o", "link"))
      .filter((line) => line.includes(`: ${namePrefix}u`))
      .map((line) => `link ${line}`),
    ...(await outputLines("nft", "list", "ruleset"))
      .filter((line) => ownName.test(line))
      .map((line) => `nft ${line.trim()}`),
    ...(await readFile("/proc/mounts", "utf8"))
      .split("\n")
      .filter((line) => line.includes(dir) && !(nodeStands && line.includes(secretsMount)))
      .map((line) => `mount ${line}`),
    ...(await blockAttributes("dm/name"))
      .filter((name) => name.startsWith(`${namePrefix}-`))
      .map((name) => `mapping ${name}`),
    ...(await blockAttributes("loop/backing_file"))
      .filter((file) => file.startsWith(dir))
      .map((file) => `loop ${file}`),
    ...(await processes())
      .filter(({ pid, argv }) => pid !== process.pid && argv.includes(dir))
      .map(({ pid, argv }) => `process ${pid} ${argv.slice(0, 200)}`),
    ...(await instanceFiles(dir)),
  ];
  return found.sort();
}

/** That attribute of every block device that has it. */
export async function blockAttributes(name: string): Promise<readonly string[]> {
  const devices = await readdir("/sys/block");
  const values = await Promise.all(
    devices.map((device) => readFile(join("/sys/block", device, name), "utf8").catch(() => null)),
  );
  return values.filter((value) => value !== null).map((value) => value.trim());
}

async function instanceFiles(dir: string): Promise<readonly string[]> {
  const below = async (place: string, pattern: RegExp): Promise<readonly string[]> => {
    const entries = await readdir(join(dir, place), { recursive: true }).catch(() => []);
    return entries.filter((path) => pattern.test(path)).map((path) => `file ${place}/${path}`);
  };
  return [
    ...(await below("state", /(instances|tenants)\/./)),
    ...(await below("state-keys", /tenants\/./)),
    // Sockets and pid files, secrets, rulesets and what was switched on for tenants.
    ...(await below("run", /^(vms|secrets|outputs|networks)\/./)),
  ];
}
