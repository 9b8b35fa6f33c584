/**
 * The QEMU driver: VMs of the `microvm` machine, for development hosts where Firecracker can't run.
 *
 * Made by the agent's composition root; called by its lifecycle only. Between calls it holds
 * nothing but consoles and guest streams: every VM outlives it.
 */
import { isMvmError } from "@mvm/core";
import type { DriverCapabilities, VmHandle, VmPlace, VmState, VmmDriver } from "../driver.ts";
import { Consoles } from "../consoles.ts";
import { GuestStreams } from "../guest-streams.ts";
import { openHostSupport } from "./host-support.ts";
import { DRIVER_NAME } from "./driver-name.ts";
import { launchVm } from "./launch.ts";
import { clearRemains, isSocketOption, killProcess } from "./remains.ts";
import { restoreVm } from "./restore.ts";
import { pauseVm, resumeVm } from "./run-control.ts";
import { observeRunState } from "./run-state.ts";
import { snapshotVm } from "./snapshot.ts";
import type { StartPorts } from "./start.ts";
import { vmPaths } from "./vm-paths.ts";

const capabilities: DriverCapabilities = { restoreConsumes: true, dataDrive: "luks-file" };

export interface QemuDriverOptions extends StartPorts {
  /** The node's state directory; what is learned of the host is kept there. */
  readonly stateDir: string;
}

export function createQemuDriver(options: QemuDriverOptions): VmmDriver {
  const { files, processes, clock, sockets } = options;
  const host = openHostSupport(options);
  const consoles = new Consoles(sockets);
  const streams = new GuestStreams(sockets);
  const parts = { ports: options, consoles, host };

  /** Whether the process of that handle lives and is that VM's VMM. */
  async function isThatVm(handle: VmHandle): Promise<boolean> {
    const found = await processes.facts(handle.process);
    return (
      found !== null &&
      found.uids[0] === handle.uid &&
      found.cmdline.some((word) => isSocketOption(word, vmPaths(handle).qmp))
    );
  }

  async function inspect(handle: VmHandle): Promise<VmState> {
    if (!(await processes.isAlive(handle.process))) return "gone";
    try {
      return await observeRunState({ clock, sockets }, vmPaths(handle).qmp);
    } catch (error) {
      if (!isMvmError(error, "MVM_VM_DRIVER")) throw error;
      return (await processes.isAlive(handle.process)) ? "unresponsive" : "gone";
    }
  }

  async function sweep(place: VmPlace): Promise<void> {
    const paths = vmPaths(place);
    streams.forget(paths.guest);
    consoles.forget(paths.console);
    await clearRemains({ clock, files, processes }, place);
  }

  return {
    capabilities,
    fingerprint: () => host.fingerprint(),
    launch: (vm) => launchVm(parts, vm),
    restore: (vm) => restoreVm(parts, vm),
    async adopt(handle) {
      if (handle.driver !== DRIVER_NAME || !(await isThatVm(handle))) return null;
      // A VMM too stuck to be listened to is still that VM: `inspect` tells.
      await consoles.open(vmPaths(handle).console).catch(() => undefined);
      return handle;
    },
    inspect,
    async pause(handle) {
      await pauseVm(options, handle);
      streams.forget(vmPaths(handle).guest);
    },
    resume: (handle) => resumeVm(options, handle),
    async snapshot(handle, { dir }) {
      streams.forget(vmPaths(handle).guest);
      return snapshotVm(options, handle, dir);
    },
    waitGone: (handle, timeoutMs, signal) => processes.waitGone(handle.process, timeoutMs, signal),
    async kill(handle) {
      await killProcess({ processes }, handle.process);
      await sweep(handle);
    },
    sweep,
    openGuestStream: (handle) => streams.open(vmPaths(handle).guest),
    consoleTail: (handle) => Promise.resolve(consoles.tail(vmPaths(handle).console)),
    close() {
      streams.close();
      consoles.close();
    },
  };
}
