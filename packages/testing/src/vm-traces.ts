/**
 * What a VM has left on a host, whichever driver ran it: an independent look, which asks no driver and knows
 * only what every trace of a VM has of it: its uid, its id, or one of its directories.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeFiles } from "@mvm/core";
import { createLinuxProcesses, type VmLaunch } from "@mvm/runtime";

const CGROUPS = "/sys/fs/cgroup";

/** @param directories whatever lies below them and is in use by the kernel is a trace, too */
export async function tracesOf(
  { id, uid, stateDir, runDir }: VmLaunch,
  places: { readonly nodeDir: string; readonly directories: readonly string[] },
): Promise<readonly string[]> {
  const processes = await createLinuxProcesses().ofUid(uid);
  const files = [...(await nodeFiles.list(stateDir)), ...(await nodeFiles.list(runDir))];
  const jails = (await nodeFiles.list(join(places.nodeDir, "jails/firecracker"))).filter((name) => name === id);
  return [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...files,
    ...jails.map((name) => `jail ${name}`),
    ...(await groupsOf(id)),
    ...(await loopsBelow(places.directories)),
    ...(await mountsBelow([...places.directories, places.nodeDir])),
  ];
}

async function groupsOf(id: string): Promise<readonly string[]> {
  const parents = await readdir(CGROUPS, { withFileTypes: true }).catch(() => []);
  const groups = await Promise.all(
    parents.filter((entry) => entry.isDirectory()).map(({ name }) => nodeFiles.list(join(CGROUPS, name))),
  );
  return groups.flat().flatMap((name) => (name === id ? [`control group ${name}`] : []));
}

async function loopsBelow(directories: readonly string[]): Promise<readonly string[]> {
  const names = (await nodeFiles.list("/sys/block")).filter((name) => name.startsWith("loop"));
  const backing = await Promise.all(
    names.map((name) => readFile(join("/sys/block", name, "loop/backing_file"), "utf8").catch(() => "")),
  );
  return names.flatMap((name, index) => {
    const file = backing[index]?.trim() ?? "";
    return directories.some((directory) => file.startsWith(`${directory}/`)) ? [`${name} of ${file}`] : [];
  });
}

async function mountsBelow(directories: readonly string[]): Promise<readonly string[]> {
  const points = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => directories.some((directory) => point.startsWith(`${directory}/`)));
}
