/**
 * Looks at a VM's process and decides whether it is confined: the doing around confinement.ts. Called
 * before the guest's first instruction, and once more when all threads should have their filters.
 */
import { join } from "node:path";
import { MvmError, type Clock, type ProcessRef } from "@mvm/core";
import { namespacePath } from "../../../network/network-names.ts";
import type { Confinement, VmLaunch } from "../../driver.ts";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { brokenLimits, cgroupOf, type CgroupPlace } from "./cgroups.ts";
import type { LimitFile } from "./cgroup-limits.ts";
import { checkConfinement, isAlone, isFiltered, type PromisedConfinement } from "./confinement.ts";
import type { JailPaths } from "../jail/jail-paths.ts";
import { resourceLimits } from "../jail/jailer-argv.ts";
import { observeFilters, observeNamespaces, observeProcess, type SightPorts } from "./process-sight.ts";

const SELF = "/proc/self";
/**
 * Firecracker answers before its last thread has its filter, by some microseconds of its own, and the jailer
 * ends some after it noted the pid.
 */
const SETTLE_TIMEOUT_MS = 2_000;
const POLL_MS = 5;

export interface LookPorts extends SightPorts {
  readonly clock: Clock;
}

export interface LookRequest {
  readonly vm: Pick<VmLaunch, "id" | "uid" | "memMib" | "network">;
  readonly process: ProcessRef;
  readonly paths: JailPaths;
  readonly place: CgroupPlace;
  readonly limitFiles: readonly LimitFile[];
  /** Files and nodes of the jail that it may have open. */
  readonly files: readonly FileIdentity[];
}

/** @throws MvmError MVM_VM_CONFINEMENT, MVM_VM_DRIVER */
export async function look(
  ports: LookPorts,
  request: LookRequest,
  filtered: PromisedConfinement["filtered"],
): Promise<Confinement> {
  const promised = await promisedOf(ports, request, filtered);
  const group = join(request.place.mount, cgroupOf(request.place, request.vm.id));
  const deadline = ports.clock.monotonicMs() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const sight = await observeProcess(ports, request.process, group);
    const isSettled = isAlone(sight) && (filtered !== "all-threads" || isFiltered(sight, promised));
    if (isSettled || ports.clock.monotonicMs() >= deadline) return checkConfinement(sight, promised);
    await ports.clock.sleep(POLL_MS);
  }
}

async function promisedOf(
  ports: LookPorts,
  { vm, paths, place, limitFiles, files }: LookRequest,
  filtered: PromisedConfinement["filtered"],
): Promise<PromisedConfinement> {
  const group = cgroupOf(place, vm.id);
  const namespace = await identified(ports, namespacePath(vm.network.namespace));
  return {
    uid: vm.uid,
    netNamespace: `net:[${namespace.inode}]`,
    cgroup: `/${group}`,
    brokenLimits: await brokenLimits(ports, join(place.mount, group), limitFiles),
    root: await identified(ports, paths.root),
    files,
    limits: resourceLimits(vm),
    own: { ...(await observeFilters(ports, SELF)), ...(await observeNamespaces(ports, SELF)) },
    filtered,
  };
}

async function identified({ raw }: LookPorts, path: string): Promise<FileIdentity> {
  const found = await raw.identify(path);
  if (found === null) throw new MvmError("MVM_VM_DRIVER", { message: `${path} is gone` });
  return found;
}
