/**
 * What VMs leave behind in the kernel when nobody takes it away: processes, control groups, loop devices.
 * Called for the things that nobody knows. Reads only.
 */
import { join } from "node:path";
import { InstanceId, type Files } from "@mvm/core";
import { CGROUP_MOUNT, VMS_CGROUP } from "../vms-cgroup.ts";
import { hostProcesses, vmProcesses, type VmmPlaces } from "./host-processes.ts";

const MAX_NAME_BYTES = 8192;

/** What the journal accounts for. */
export interface KnownVms {
  readonly ids: ReadonlySet<string>;
  readonly uids: ReadonlySet<number>;
}

type LeftoverFiles = Pick<Files, "list" | "stat" | "read">;

/** One sentence for each thing that no known VM has. */
export async function vmLeftovers(
  files: LeftoverFiles,
  places: VmmPlaces,
  known: KnownVms,
): Promise<readonly string[]> {
  return [
    ...(await processesLeft(files, places, known)),
    ...(places.mode === "production" ? await groupsLeft(files, known) : []),
    ...(await loopsLeft(files, places, known)),
  ];
}

async function processesLeft(files: LeftoverFiles, places: VmmPlaces, { uids }: KnownVms): Promise<readonly string[]> {
  return vmProcesses(await hostProcesses(files), places)
    .filter(({ uid }) => !uids.has(uid))
    .map(({ pid, uid, argv: [program = ""] }) => `process ${pid} of uid ${uid} (${program})`);
}

/** Beside VMs' groups the kernel's own files lie there, and the holder of the unit. */
async function groupsLeft(files: LeftoverFiles, { ids }: KnownVms): Promise<readonly string[]> {
  const parent = join(CGROUP_MOUNT, VMS_CGROUP);
  return (await files.list(parent))
    .filter((name) => InstanceId.safeParse(name).success && !ids.has(name))
    .map((name) => `control group ${parent}/${name}`);
}

async function loopsLeft(
  files: LeftoverFiles,
  { stateDir, runtimeDir }: VmmPlaces,
  { ids }: KnownVms,
): Promise<readonly string[]> {
  const loops = (await files.list("/sys/block")).filter((name) => /^loop\d+$/.test(name));
  const left = await Promise.all(
    loops.map(async (name) => {
      // It may be let go of between any two looks: then it is nobody's.
      const text = await files.read(`/sys/block/${name}/loop/backing_file`, MAX_NAME_BYTES).catch(() => null);
      const file = text?.toString("utf8").trim() ?? "";
      const isOurs = [stateDir, runtimeDir].some((dir) => file.startsWith(`${dir}/`));
      const isKnown = file.split("/").some((part) => ids.has(part));
      return isOurs && !isKnown ? [`loop device /dev/${name} of ${file}`] : [];
    }),
  );
  return left.flat();
}
