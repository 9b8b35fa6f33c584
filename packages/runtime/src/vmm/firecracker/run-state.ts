/** Which process a VM's is, and what its API says of it: for a driver that knows only a handle. */
import { join } from "node:path";
import { isMvmError } from "@mvm/core";
import type { VmHandle, VmState } from "../driver.ts";
import { firecrackerApi, type FirecrackerApi } from "./api/client.ts";
import { cgroupOf } from "./confinement/cgroups.ts";
import type { DriverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";

const INFO_TIMEOUT_MS = 5_000;
const MAX_FILE_BYTES = 4_096;

export function apiOf({ ports, jailsDir }: DriverParts, { id }: Pick<VmHandle, "id">): FirecrackerApi {
  return firecrackerApi(ports.http, ports.clock, jailPaths(jailsDir, id).apiSocket);
}

/** Whether the process of that handle lives and is that VM's VMM: in its control group, in its jail, by its id. */
export async function isThatVm(parts: DriverParts, handle: VmHandle): Promise<boolean> {
  const { ports, jailsDir, cgroups } = parts;
  const { id, process, uid } = handle;
  const at = `/proc/${process.pid}`;
  const [facts, group, root, jail] = await Promise.all([
    ports.processes.facts(process),
    ports.files.read(join(at, "cgroup"), MAX_FILE_BYTES).catch(() => null),
    ports.raw.identify(join(at, "root")),
    ports.raw.identify(jailPaths(jailsDir, id).root),
  ]);
  if (facts?.uids[0] !== uid || group?.toString("utf8").trim() !== `0::/${cgroupOf(cgroups, id)}`) return false;
  if (jail === null || root?.inode !== jail.inode || root.device !== jail.device) return false;
  // One too stuck to answer is still that VM: `observeState` tells.
  const info = await apiOf(parts, handle)
    .info({ timeoutMs: INFO_TIMEOUT_MS })
    .catch(() => null);
  return info === null || info.id === id;
}

export async function observeState(parts: DriverParts, handle: VmHandle): Promise<VmState> {
  const { processes } = parts.ports;
  if (!(await processes.isAlive(handle.process))) return "gone";
  try {
    const { state } = await apiOf(parts, handle).info({ timeoutMs: INFO_TIMEOUT_MS });
    return state === "Running" ? "running" : "paused";
  } catch (error) {
    if (!isMvmError(error, "MVM_VM_DRIVER")) throw error;
    return (await processes.isAlive(handle.process)) ? "unresponsive" : "gone";
  }
}
