/**
 * All processes of this host with their command lines: how a VMM or a server is found when the file
 * that recorded it is gone. Reads only.
 */
import { InstanceId, type Files, type NodeMode } from "@mvm/core";

export interface HostProcess {
  readonly pid: number;
  readonly uid: number;
  readonly argv: readonly string[];
}

const MAX_CMDLINE_BYTES = 4 * 1024 * 1024;

/** Live processes; threads of the kernel and what has ended have no command line and are left out. */
export async function hostProcesses(files: Pick<Files, "list" | "stat" | "read">): Promise<readonly HostProcess[]> {
  const pids = (await files.list("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (name) => {
      // A process may end between any two looks: then it is not there.
      const facts = await files.stat(`/proc/${name}`).catch(() => null);
      const cmdline = await files.read(`/proc/${name}/cmdline`, MAX_CMDLINE_BYTES).catch(() => null);
      const argv = cmdline?.toString("utf8").split("\0").slice(0, -1) ?? [];
      return facts === null || argv.length === 0 ? [] : [{ pid: Number(name), uid: facts.uid, argv }];
    }),
  );
  return found.flat();
}

export interface VmmPlaces {
  readonly mode: NodeMode;
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** First and last uid of the VMs' users. */
  readonly uidRange: readonly [first: number, last: number];
}

/**
 * Those of a node's VMs: of a user of its range, with a file of its directories in the command line or, where
 * VMMs are jailed and know no path of the host, with an instance's id. Pure.
 */
export function vmProcesses(
  processes: readonly HostProcess[],
  { mode, stateDir, runtimeDir, uidRange: [first, last] }: VmmPlaces,
): readonly HostProcess[] {
  const dirs = [`${stateDir}/`, `${runtimeDir}/`];
  return processes.filter(({ uid, argv }) => {
    if (uid < first || uid > last) return false;
    return argv.some((arg) => dirs.some((dir) => arg.includes(dir))) || (mode === "production" && namesInstance(argv));
  });
}

/** As the jailer passes it on: `/firecracker --id acme-gw-0 … --api-sock /run/api.sock`. */
function namesInstance(argv: readonly string[]): boolean {
  const at = argv.indexOf("--id");
  return at !== -1 && InstanceId.safeParse(argv[at + 1]).success;
}
