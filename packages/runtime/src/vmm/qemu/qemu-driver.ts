/**
 * The QEMU driver: VMs of the `microvm` machine, for development hosts where Firecracker can't run.
 *
 * Made by the agent's composition root; called by its lifecycle only. Between calls it holds
 * nothing but consoles and guest streams: every VM outlives it.
 */
import type { DriverCapabilities, VmmDriver } from "../driver.ts";
import { GuestStreams } from "../guest-streams.ts";
import { OutputTails } from "../output-tails.ts";
import { DRIVER_NAME, type DriverParts, type QemuPorts } from "./driver-parts.ts";
import { growDrive } from "./grow-drive.ts";
import { launchVm } from "./launch.ts";
import { clearRemains, endVm } from "./remains.ts";
import { pauseVm, resumeVm } from "./run-control.ts";
import { isThatVm, observeState } from "./run-state.ts";
import { restoreVm } from "./saved-state/restore.ts";
import { snapshotVm } from "./saved-state/snapshot.ts";
import { openHostSupport } from "./suitability/host-support.ts";
import { vmPaths } from "./vm-paths.ts";

const capabilities: DriverCapabilities = { restoreConsumes: true, dataDrive: "luks-file" };

export interface QemuDriverOptions extends QemuPorts {
  /** The node's state directory; what is learned of the host is kept there. */
  readonly stateDir: string;
}

export function createQemuDriver(options: QemuDriverOptions): VmmDriver {
  const { processes, sockets } = options;
  const host = openHostSupport(options);
  const consoles = new OutputTails(sockets);
  const streams = new GuestStreams(sockets);
  const parts: DriverParts = { ports: options, host, consoles, streams };

  return {
    capabilities,
    fingerprint: () => host.fingerprint(),
    launch: (vm) => launchVm(parts, vm),
    restore: (vm) => restoreVm(parts, vm),
    async adopt(handle) {
      if (handle.driver !== DRIVER_NAME || !(await isThatVm(options, handle))) return null;
      // A VMM too stuck to be listened to is still that VM: `inspect` tells.
      await consoles.open(vmPaths(handle).console).catch(() => undefined);
      return handle;
    },
    inspect: (handle) => observeState(options, handle),
    pause: (handle) => pauseVm(parts, handle),
    resume: (handle) => resumeVm(parts, handle),
    growDrive: (handle, drive) => growDrive(options, handle, drive),
    snapshot: (handle, { dir }) => snapshotVm(parts, handle, dir),
    waitGone: (handle, timeoutMs, signal) => processes.waitGone(handle.process, timeoutMs, signal),
    kill: (handle) => endVm(parts, handle),
    sweep: (place) => clearRemains(parts, place),
    openGuestStream: (handle) => streams.open(vmPaths(handle).guest),
    outputTail: async (handle) => ({ source: "guest-console", bytes: consoles.tail(vmPaths(handle).console) }),
    close() {
      streams.close();
      consoles.close();
    },
  };
}
