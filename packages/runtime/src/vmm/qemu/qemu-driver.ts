/**
 * The QEMU driver: VMs of the `microvm` machine, for development hosts where Firecracker can't run.
 *
 * Made by the agent's composition root; called by its lifecycle only. Between calls it holds
 * nothing but consoles and guest streams: every VM outlives it.
 */
import { MvmError, isMvmError } from "@mvm/core";
import type { DriverCapabilities, VmHandle, VmPlace, VmState, VmmDriver } from "../driver.ts";
import { Consoles } from "./consoles.ts";
import { lookAtHost, type HostLook } from "./fingerprint.ts";
import { GuestStreams } from "./guest-streams.ts";
import { openHostFacts } from "./host-facts.ts";
import { DRIVER_NAME, launchVm, type Execution, type LaunchPorts } from "./launch.ts";
import { clearRemains, isSocketOption, killProcess } from "./remains.ts";
import { observeRunState } from "./run-state.ts";
import { vmPaths } from "./vm-paths.ts";

const capabilities: DriverCapabilities = { pause: false, snapshot: false, dataDrive: "luks-file" };

export interface QemuDriverOptions extends LaunchPorts {
  /** The node's state directory; what is learned of the host is kept there. */
  readonly stateDir: string;
}

export function createQemuDriver(options: QemuDriverOptions): VmmDriver {
  const { files, processes, clock, sockets } = options;
  const facts = openHostFacts(options);
  const consoles = new Consoles(sockets);
  const streams = new GuestStreams(sockets);
  let looking: Promise<HostLook> | null = null;
  const look = (): Promise<HostLook> => (looking ??= lookAtHost({ ...options, facts }));

  async function executionOf(kernelPath: string, rootDir: string): Promise<Execution> {
    const { fingerprint, version } = await look();
    if (version === null || fingerprint.unusable !== null) throw unsupported(fingerprint.unusable);
    const known = await facts.newestKvm();
    const kvm = await facts.kvm({ kernelPath, rootDir, version });
    // A new probe changes what the host is said to do.
    if ((await facts.newestKvm()) !== known) looking = null;
    const tscKhz = kvm.works ? null : await facts.tscKhz();
    if (!kvm.works && tscKhz === null) throw unsupported((await look()).fingerprint.unusable);
    return { version, acceleration: kvm.works ? "kvm" : "emulated", tscKhz };
  }

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
    await clearRemains({ files, processes }, place);
  }

  return {
    capabilities,
    async fingerprint({ refresh = false } = {}) {
      if (refresh) {
        await facts.forget();
        looking = null;
      }
      return (await look()).fingerprint;
    },
    launch: (vm) => launchVm({ ports: options, consoles, executionOf }, vm),
    async adopt(handle) {
      if (handle.driver !== DRIVER_NAME || !(await isThatVm(handle))) return null;
      // A VMM too stuck to be listened to is still that VM: `inspect` tells.
      await consoles.open(vmPaths(handle).console).catch(() => undefined);
      return handle;
    },
    inspect,
    waitGone: (handle, timeoutMs) => processes.waitGone(handle.process, timeoutMs),
    async kill(handle) {
      await killProcess({ files, processes }, handle.process);
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

function unsupported(obstacle: { readonly reason: string; readonly remedy: string } | null): MvmError {
  const { reason, remedy } = obstacle ?? {
    reason: "the QEMU driver can't run VMs here",
    remedy: "See mvm node status.",
  };
  return new MvmError("MVM_HOST_UNSUPPORTED", { message: `VMs can't run on this host: ${reason}`, remedy });
}
