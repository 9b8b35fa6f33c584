/**
 * Restoring a saved VM. QEMU maps the snapshot's own memory file, and takes the device state while
 * the guest stands. Until the guest goes on the snapshot is as it was; just before, the memory is
 * moved to the VM's directory in one step, so that no moment has two owners of it.
 */
import { MvmError } from "@mvm/core";
import type { StartedVm, VmRestore } from "../../driver.ts";
import { requireRestorable } from "../../require-restorable.ts";
import { MAX_STATE_BYTES } from "../../snapshot-obstacle.ts";
import { bringUp } from "../bring-up.ts";
import { DRIVER_NAME, type DriverParts, type QemuPorts } from "../driver-parts.ts";
import { isRefusal, type Qmp } from "../qmp/session.ts";
import { runStateOf } from "../run-state.ts";
import { vmPaths } from "../vm-paths.ts";
import { loadDeviceState } from "./device-state.ts";

/** The contract is VmmDriver.restore's. */
export async function restoreVm(parts: DriverParts, restore: VmRestore): Promise<StartedVm> {
  const { files } = parts.ports;
  const { snapshot, signal } = restore;
  const { incoming } = vmPaths(restore);
  let state: Buffer = Buffer.alloc(0);
  const { vm } = await bringUp(parts, {
    vm: restore,
    memoryPath: snapshot.memory_path,
    incomingPath: incoming,
    async prepare({ version, acceleration }) {
      await requireRestorable(files, restore, { driver: DRIVER_NAME, vmm_version: version.text, acceleration });
      state = (await files.read(snapshot.state_path, MAX_STATE_BYTES)) ?? state;
    },
    async letRun(qmp) {
      await files.chmod(incoming, 0o600);
      await loadDeviceState(parts.ports, qmp, { path: incoming, state, signal });
      await files.remove(incoming);
      signal?.throwIfAborted();
      await goOn(parts.ports, restore, qmp);
    },
    signOfLifeTimeoutMs: null,
  });
  return vm;
}

/** From here on the memory changes: it is the VM's, whatever happens. */
async function goOn({ files }: Pick<QemuPorts, "files">, vm: VmRestore, qmp: Qmp): Promise<void> {
  const { memory_path: saved } = vm.snapshot;
  const { memory } = vmPaths(vm);
  await files.rename(saved, memory);
  try {
    await qmp.execute("cont");
  } catch (error) {
    // A refusal leaves the guest where it stood, so its memory is still the snapshot's.
    if (isRefusal(error)) await files.rename(memory, saved);
    throw error;
  }
  const status = await runStateOf(qmp);
  if (status !== "running")
    throw new MvmError("MVM_VM_DRIVER", { message: `${vm.id} was restored and is ${status}, not running` });
}
