/**
 * Everything on this host that belongs to a world, found by looking and not by asking the product:
 * namespaces, links, nft tables, processes, mounts, mappings, loop devices, files. Used by acceptance tests after destroy.
 */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TracesRequest {
  /** The world's directory: no process, mount, volume or VM directory below it may be left. */
  readonly dir: string;
  /** Beginning of its namespaces', links' and tables' names. */
  readonly namePrefix: string;
}

/** One line a finding, sorted; empty when the host is as it was. */
export async function traces({ dir, namePrefix }: TracesRequest): Promise<readonly string[]> {
  const found = [
    ...(await lines("ip", ["netns", "list"]))
      .filter((line) => line.startsWith(`${namePrefix}-`))
      .map((line) => `namespace ${line}`),
    ...(await lines("ip", ["-o", "link"]))
      .filter((line) => line.includes(`: ${namePrefix}u`))
      .map((line) => `link ${line}`),
    ...(await lines("nft", ["list", "tables"]))
      .filter((line) => line.includes(` ${namePrefix}_`))
      .map((line) => `nft ${line}`),
    ...(await readFile("/proc/mounts", "utf8"))
      .split("\n")
      .filter((line) => line.includes(dir))
      .map((line) => `mount ${line}`),
    ...(await blockAttributes("dm/name"))
      .filter((name) => name.startsWith(`${namePrefix}-`))
      .map((name) => `mapping ${name}`),
    ...(await blockAttributes("loop/backing_file"))
      .filter((file) => file.startsWith(dir))
      .map((file) => `loop ${file}`),
    ...(await processesNaming(dir)),
    ...(await instanceFiles(dir)),
  ];
  return found.sort();
}

/** That attribute of every block device that has it. */
async function blockAttributes(name: string): Promise<readonly string[]> {
  const devices = await readdir("/sys/block");
  const values = await Promise.all(
    devices.map((device) => readFile(join("/sys/block", device, name), "utf8").catch(() => null)),
  );
  return values.filter((value) => value !== null).map((value) => value.trim());
}

async function lines(program: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(program, [...args]);
  return stdout.split("\n").filter((line) => line !== "");
}

async function processesNaming(dir: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (cmdline.includes(dir) && Number(pid) !== process.pid)
      found.push(`process ${pid} ${cmdline.replaceAll("\0", " ").slice(0, 200)}`);
  }
  return found;
}

async function instanceFiles(dir: string): Promise<readonly string[]> {
  const entries = await Promise.all(
    ["state", "state-keys"].map((place) => readdir(join(dir, place), { recursive: true }).catch(() => [])),
  );
  return entries
    .flat()
    .filter((path) => /instances\/.|tenants\/./.test(path))
    .map((path) => `file ${path}`);
}
