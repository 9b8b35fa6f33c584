/** Pausing a VM and letting it run on. Called by the driver. A stream to the guest survives neither. */
import type { VmHandle } from "../driver.ts";
import { pauseRequest, resumeRequest, type ApiRequest } from "./api/requests.ts";
import type { DriverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";
import { apiOf } from "./run-state.ts";

/** The contract is VmmDriver.pause's. */
export function pauseVm(parts: DriverParts, handle: VmHandle): Promise<void> {
  return change(parts, handle, pauseRequest);
}

/** The contract is VmmDriver.resume's. */
export function resumeVm(parts: DriverParts, handle: VmHandle): Promise<void> {
  return change(parts, handle, resumeRequest);
}

async function change(parts: DriverParts, handle: VmHandle, request: ApiRequest): Promise<void> {
  await apiOf(parts, handle).send(request);
  parts.streams.forget(jailPaths(parts.jailsDir, handle.id).guestSocket);
}
