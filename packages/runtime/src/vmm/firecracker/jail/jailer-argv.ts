/** The jailer's command line. Pure. */
import { namespacePath } from "../../../network/network-names.ts";
import type { VmLaunch } from "../../driver.ts";
import { inside } from "./jail-paths.ts";

const MIB = 1024 * 1024;
/** Drives, tap, sockets, events and the guest channel's connections (Firecracker takes 1,023 of those at most). */
const OPEN_FILES = 1_536;
/** On top of guest memory: the largest file that the VMM writes is a snapshot of it. */
const FILE_SIZE_HEADROOM_MIB = 64;

export interface JailerPlan {
  readonly jailer: string;
  readonly firecracker: string;
  readonly jailsDir: string;
  /** Relative to the mount of cgroup v2; it exists, or the jailer would leave the process unconfined without a word. */
  readonly cgroup: string;
  readonly vm: Pick<VmLaunch, "id" | "uid" | "memMib" | "network">;
}

/** Resource limits of the jailed process, as the jailer and /proc/PID/limits name them. */
export function resourceLimits({ memMib }: Pick<VmLaunch, "memMib">): {
  readonly openFiles: number;
  readonly fileSizeBytes: number;
} {
  return { openFiles: OPEN_FILES, fileSizeBytes: (memMib + FILE_SIZE_HEADROOM_MIB) * MIB };
}

/**
 * The cgroup is made beforehand and only entered here: the jailer splits `--cgroup` at every `=`, so
 * that it can't set io.max, and limits that are there before the process can be read back in peace.
 */
export function jailerArgv(plan: JailerPlan): readonly [string, ...string[]] {
  const { vm } = plan;
  const { openFiles, fileSizeBytes } = resourceLimits(vm);
  return [
    plan.jailer,
    ...["--id", vm.id, "--exec-file", plan.firecracker],
    ...["--uid", String(vm.uid), "--gid", String(vm.uid)],
    ...["--chroot-base-dir", plan.jailsDir, "--netns", namespacePath(vm.network.namespace)],
    ...["--new-pid-ns", "--daemonize"],
    ...["--cgroup-version", "2", "--parent-cgroup", plan.cgroup],
    ...["--resource-limit", `no-file=${openFiles}`, "--resource-limit", `fsize=${fileSizeBytes}`],
    "--",
    ...["--api-sock", inside.apiSocket, "--log-path", inside.log, "--level", "Warning"],
  ];
}
