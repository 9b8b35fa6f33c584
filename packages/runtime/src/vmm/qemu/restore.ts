/**
 * Restoring a saved VM. QEMU maps the snapshot's own memory file, and takes the device state while
 * the guest stands. Until the guest goes on the snapshot is as it was; just before, the memory is
 * moved to the VM's directory in one step, so that no moment has two owners of it.
 */
import { MvmError } from "@mvm/core";
import type { LaunchedVm, VmRestore } from "../driver.ts";
import { loadDeviceState, MAX_STATE_BYTES } from "./device-state.ts";
import type { Execution } from "./host-support.ts";
import { isRefusal, type Qmp } from "./qmp-session.ts";
import { runStateOf } from "./run-state.ts";
import { snapshotObstacle } from "./snapshot-obstacle.ts";
import { startVm, type StartParts, type StartPorts } from "./start.ts";
import { vmPaths } from "./vm-paths.ts";

/** The contract is VmmDriver.restore's. */
export function restoreVm(parts: StartParts, vm: VmRestore): Promise<LaunchedVm> {
  const { ports } = parts;
  const { incoming } = vmPaths(vm);
  let state: Buffer = Buffer.alloc(0);
  return startVm(parts, vm, {
    memoryPath: vm.snapshot.memory_path,
    incomingPath: incoming,
    async prepare(execution) {
      await requireUsable(ports, vm, execution);
      state = (await ports.files.read(vm.snapshot.state_path, MAX_STATE_BYTES)) ?? state;
    },
    async letRun({ qmp }) {
      await ports.files.chmod(incoming, 0o600);
      await loadDeviceState(ports, qmp, { path: incoming, state, signal: vm.signal });
      await ports.files.remove(incoming);
      vm.signal?.throwIfAborted();
      await goOn(ports, vm, qmp);
    },
  });
}

async function requireUsable({ files }: StartPorts, vm: VmRestore, execution: Execution): Promise<void> {
  const { id, memMib, snapshot } = vm;
  const [memory, state] = [await files.stat(snapshot.memory_path), await files.stat(snapshot.state_path)];
  const obstacle = snapshotObstacle(snapshot, { memory, state, memMib, execution });
  if (obstacle === null) return;
  throw new MvmError("MVM_VM_DRIVER", { message: `${id} can't be restored: ${obstacle}`, details: { snapshot } });
}

/** From here on the memory changes: it is the VM's, whatever happens. */
async function goOn({ files }: StartPorts, vm: VmRestore, qmp: Qmp): Promise<void> {
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
