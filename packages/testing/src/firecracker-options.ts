/** What a Firecracker driver under test is made with: the real host, in the directories of a fixture. */
import { join } from "node:path";
import { nodeClock, nodeFiles } from "@mvm/core";
import {
  createLinuxCommands,
  createLinuxProcesses,
  createPipes,
  createRawFiles,
  createUnixHttp,
  createUnixSockets,
  type FirecrackerDriverOptions,
} from "@mvm/runtime";
import { firecrackerDir } from "./requirements.ts";
import type { VmFixture } from "./vm-fixture.ts";

/** Parent of the control groups of all test VMs; it stays, empty. */
const CGROUP_PARENT = "mvmtest.slice";

export function firecrackerOptions({ nodeDir }: Pick<VmFixture, "nodeDir">): FirecrackerDriverOptions {
  return {
    clock: nodeClock,
    commands: createLinuxCommands(),
    files: nodeFiles,
    http: createUnixHttp(),
    pipes: createPipes(),
    processes: createLinuxProcesses(),
    raw: createRawFiles(),
    sockets: createUnixSockets(),
    programsDir: firecrackerDir() ?? "/nowhere",
    jailsDir: join(nodeDir, "jails"),
    cgroupMount: "/sys/fs/cgroup",
    cgroupParent: CGROUP_PARENT,
  };
}
