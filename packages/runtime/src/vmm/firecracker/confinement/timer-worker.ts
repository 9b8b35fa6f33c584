/**
 * KVM emulates a guest's interval timer in a thread of the kernel, which starts outside of the VM's control
 * group and which the guest can keep busy: it is moved there once the guest runs, as Firecracker's guide to
 * production hosts asks (docs/prod-host-setup.md). Called by bring-up.
 */
import { join } from "node:path";
import type { ProcessRef } from "@mvm/core";
import { observeGroupMate, type GroupMate, type SightPorts } from "./process-sight.ts";

/** The promise in words, for one whose worker could not be moved. */
export const TIMER_PROMISE = "the kernel's work for its guest's timer counts as its control group's";

type Ports = Pick<SightPorts, "files" | "raw">;

/**
 * @param group directory of the VM's control group
 * @returns whether it is there now; one without such a worker has nothing to move
 */
export async function moveTimerWorker(ports: Ports, vmm: ProcessRef, group: string): Promise<boolean> {
  const worker = await timerWorker(ports, vmm);
  if (worker === null) return true;
  return ports.raw.write(join(group, "cgroup.procs"), String(worker.pid)).then(
    () => true,
    () => false,
  );
}

async function timerWorker({ files }: Ports, vmm: ProcessRef): Promise<GroupMate | null> {
  const pids = (await files.list("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  // It is younger than its VMM, and the host's other processes are many; but pids begin anew some day.
  for (const candidates of [pids.filter((pid) => pid > vmm.pid), pids.filter((pid) => pid < vmm.pid)]) {
    const found = await Promise.all(candidates.map((pid) => observeGroupMate({ files }, pid)));
    const worker = found.find((one) => one?.isKernelThread === true && one.name === `kvm-pit/${vmm.pid}`);
    if (worker !== undefined) return worker;
  }
  return null;
}
