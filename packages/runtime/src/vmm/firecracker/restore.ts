/** A saved VM as a new process in a new jail. The contract is VmmDriver.restore's. */
import type { StartedVm, VmRestore } from "../driver.ts";
import { requireRestorable } from "../require-restorable.ts";
import { loadRequest, resumeRequest } from "./api/requests.ts";
import { bringUp } from "./bring-up.ts";
import { ACCELERATION, DRIVER_NAME, type DriverParts } from "./driver-parts.ts";
import { restoreArtifacts } from "./jail/staging.ts";

/** @param version of the Firecracker that would load it */
export async function restoreVm(parts: DriverParts, restore: VmRestore, version: string): Promise<StartedVm> {
  const vmm = { driver: DRIVER_NAME, vmm_version: version, acceleration: ACCELERATION } as const;
  const { vm } = await bringUp(parts, {
    vm: restore,
    artifacts: restoreArtifacts(restore),
    make: [loadRequest(restore)],
    // Loaded, every thread is there, and the guest still stands.
    filteredBefore: "all-threads",
    go: resumeRequest,
    signOfLifeTimeoutMs: null,
    check: () => requireRestorable(parts.ports.files, restore, vmm),
  });
  return vm;
}
