/** A VM's first boot. The contract is VmmDriver.launch's. */
import type { LaunchedVm, VmLaunch } from "../driver.ts";
import { bootRequests, startRequest } from "./api-requests.ts";
import { bringUp } from "./bring-up.ts";
import type { DriverParts } from "./driver-parts.ts";
import { bootArtifacts } from "./staging.ts";

/** Of one request: each opens a file or makes a device. */
const TIMEOUT_MS = 30_000;

export function launchVm(parts: DriverParts, vm: VmLaunch): Promise<LaunchedVm> {
  return bringUp(parts, {
    vm,
    artifacts: bootArtifacts(vm),
    make: bootRequests(vm),
    makeTimeoutMs: TIMEOUT_MS,
    // Its processors' threads are not there yet; the API's shows whether this Firecracker has filters at all.
    filteredBefore: "api-thread",
    go: startRequest,
  });
}
