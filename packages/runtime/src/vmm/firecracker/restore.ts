/** A saved VM as a new process in a new jail. The contract is VmmDriver.restore's. */
import { MvmError } from "@mvm/core";
import type { LaunchedVm, VmRestore } from "../driver.ts";
import { loadRequest, resumeRequest } from "./api-requests.ts";
import { bringUp } from "./bring-up.ts";
import { DRIVER_NAME, type DriverParts } from "./driver-parts.ts";
import { restoreArtifacts } from "./staging.ts";

const MIB = 1024 * 1024;
/** Memory is mapped, not read; drives, tap and processors are made anew. */
const TIMEOUT_MS = 30_000;

/** @param version of the Firecracker that would load it */
export async function restoreVm(parts: DriverParts, vm: VmRestore, version: string): Promise<LaunchedVm> {
  const { snapshot } = vm;
  if (snapshot.driver !== DRIVER_NAME || snapshot.vmm_version !== version)
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${vm.id}: a snapshot of ${snapshot.driver} ${snapshot.vmm_version} can't be restored by ${DRIVER_NAME} ${version}`,
      remedy: "Start the instance cold, or with the Firecracker that saved it.",
      details: { instance: vm.id },
    });
  return bringUp(parts, {
    vm,
    artifacts: restoreArtifacts(vm),
    make: [loadRequest(vm)],
    makeTimeoutMs: TIMEOUT_MS,
    // Loaded, every thread is there, and the guest still stands.
    filteredBefore: "all-threads",
    go: resumeRequest,
    check: () => expectMemory(parts, vm),
  });
}

/** A memory file of another size would be mapped all the same, and end the VM when its guest touches what is not there. */
async function expectMemory({ ports }: DriverParts, { id, memMib, snapshot }: VmRestore): Promise<void> {
  const { memory_path: path, memory_bytes: savedBytes } = snapshot;
  const found = await ports.files.stat(path);
  const sizes = { saved: savedBytes, wanted: memMib * MIB, found: found?.sizeBytes ?? 0 };
  if (sizes.saved === sizes.wanted && sizes.found === sizes.saved) return;
  throw new MvmError("MVM_VM_DRIVER", {
    message: `the memory of ${id} can't be restored from ${path}: ${sizes.saved} bytes were saved, ${sizes.found} are there, ${sizes.wanted} are wanted`,
  });
}
