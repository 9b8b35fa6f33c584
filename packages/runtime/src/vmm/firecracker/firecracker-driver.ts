/**
 * The Firecracker driver: the only one in production mode. Every VM runs under the jailer, and is looked at
 * before its guest's first instruction, on a first boot and on a restore alike.
 *
 * Made by the agent's composition root; called by its lifecycle only. Between calls it holds nothing but
 * guest streams and the pipes of VMMs' logs: every VM outlives it.
 */
import { MvmError } from "@mvm/core";
import type { DriverCapabilities, DriverFingerprint, VmHandle, VmmDriver } from "../driver.ts";
import { growRequest } from "./api/requests.ts";
import { DRIVER_NAME, driverParts, type FirecrackerDriverOptions } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";
import { launchVm } from "./launch.ts";
import { ofVm } from "./of-vm.ts";
import { clearRemains, endVm } from "./remains.ts";
import { restoreVm } from "./restore.ts";
import { pauseVm, resumeVm } from "./run-control.ts";
import { apiOf, isThatVm, observeState } from "./run-state.ts";
import { snapshotVm } from "./snapshot.ts";
import { rememberedHost } from "./suitability/remembered-host.ts";

const capabilities: DriverCapabilities = { restoreConsumes: false, dataDrive: "block-device" };

export function createFirecrackerDriver(options: FirecrackerDriverOptions): VmmDriver {
  const { jailsDir, processes } = options;
  const parts = driverParts(options);
  const logOf = ({ id }: VmHandle): string => jailPaths(jailsDir, id).log;
  const socketOf = ({ id }: VmHandle): string => jailPaths(jailsDir, id).guestSocket;
  const fingerprint = rememberedHost(options, parts);

  return {
    capabilities,
    fingerprint,
    async launch(vm) {
      usableVersion(await fingerprint());
      return launchVm(parts, vm);
    },
    restore: async (vm) => restoreVm(parts, vm, usableVersion(await fingerprint())),
    async adopt(handle) {
      if (handle.driver !== DRIVER_NAME || !(await isThatVm(parts, handle))) return null;
      await parts.logs.open(logOf(handle)).catch(() => undefined);
      return handle;
    },
    inspect: (handle) => observeState(parts, handle),
    pause: (handle) => ofVm(handle.id, () => pauseVm(parts, handle)),
    resume: (handle) => ofVm(handle.id, () => resumeVm(parts, handle)),
    growDrive: (handle, { name }) => ofVm(handle.id, () => apiOf(parts, handle).send(growRequest(name))),
    snapshot: (handle, { dir }) => ofVm(handle.id, () => snapshotVm(parts, handle, dir)),
    waitGone: (handle, timeoutMs, signal) => processes.waitGone(handle.process, timeoutMs, signal),
    kill: (handle) => ofVm(handle.id, () => endVm(parts, handle)),
    sweep: (place) => ofVm(place.id, () => clearRemains(parts, place)),
    openGuestStream: (handle) => ofVm(handle.id, () => parts.streams.open(socketOf(handle))),
    outputTail: async (handle) => ({ source: "vmm-log", bytes: parts.logs.tail(logOf(handle)) }),
    close() {
      parts.streams.close();
      parts.logs.close();
    },
  };
}

/** @throws MvmError MVM_HOST_UNSUPPORTED */
function usableVersion({ unusable, version }: DriverFingerprint): string {
  if (unusable === null) return version;
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `VMs can't run on this host: ${unusable.reason}`,
    remedy: unusable.remedy,
  });
}
