/**
 * The Firecracker driver: the only one in production mode. Every VM runs under the jailer, and is looked at
 * before its guest's first instruction, on a first boot and on a restore alike.
 *
 * Made by the agent's composition root; called by its lifecycle only. Between calls it holds nothing but
 * guest streams and the pipes of VMMs' logs: every VM outlives it.
 */
import { MvmError } from "@mvm/core";
import type { DriverCapabilities, DriverFingerprint, VmHandle, VmmDriver } from "../driver.ts";
import { pauseRequest, resumeRequest, type ApiRequest } from "./api-requests.ts";
import { DRIVER_NAME, driverParts, type FirecrackerDriverOptions } from "./driver-parts.ts";
import { jailPaths } from "./jail-paths.ts";
import { launchVm } from "./launch.ts";
import { ofVm } from "./of-vm.ts";
import { clearRemains, endVm } from "./remains.ts";
import { rememberedHost } from "./remembered-host.ts";
import { restoreVm } from "./restore.ts";
import { apiOf, isThatVm, observeState } from "./run-state.ts";
import { saveVm } from "./snapshot.ts";

const capabilities: DriverCapabilities = { restoreConsumes: false, dataDrive: "block-device" };

export function createFirecrackerDriver(options: FirecrackerDriverOptions): VmmDriver {
  const { jailsDir, processes } = options;
  const parts = driverParts(options);
  const logOf = ({ id }: VmHandle): string => jailPaths(jailsDir, id).log;
  const socketOf = ({ id }: VmHandle): string => jailPaths(jailsDir, id).guestSocket;
  /** A stream survives neither a pause nor what follows it. */
  async function change(handle: VmHandle, request: ApiRequest): Promise<void> {
    await ofVm(handle.id, () => apiOf(parts, handle).send(request));
    parts.streams.forget(socketOf(handle));
  }
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
    pause: (handle) => change(handle, pauseRequest),
    resume: (handle) => change(handle, resumeRequest),
    snapshot: (handle, { dir }) => ofVm(handle.id, () => saveVm(parts, handle, dir)),
    waitGone: (handle, timeoutMs, signal) => processes.waitGone(handle.process, timeoutMs, signal),
    kill: (handle) => ofVm(handle.id, () => endVm(parts, handle)),
    sweep: (place) => ofVm(place.id, () => clearRemains(parts, place)),
    openGuestStream: (handle) => ofVm(handle.id, () => parts.streams.open(socketOf(handle))),
    consoleTail: (handle) => Promise.resolve(parts.logs.tail(logOf(handle))),
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
