/** A VM's first boot. The contract is VmmDriver.launch's. */
import type { LaunchedVm, VmLaunch } from "../driver.ts";
import { bootRequests, startRequest } from "./api/requests.ts";
import { bringUp } from "./bring-up.ts";
import type { DriverParts } from "./driver-parts.ts";
import { bootArtifacts } from "./jail/staging.ts";

export async function launchVm(parts: DriverParts, launch: VmLaunch): Promise<LaunchedVm> {
  const { vm, elapsedMs } = await bringUp(parts, {
    vm: launch,
    artifacts: bootArtifacts(launch),
    make: bootRequests(launch),
    // Its processors' threads are not there yet; the API's shows whether this Firecracker has filters at all.
    filteredBefore: "api-thread",
    go: startRequest,
    signOfLifeTimeoutMs: launch.signOfLifeTimeoutMs,
  });
  return { ...vm, signOfLifeMs: elapsedMs };
}
