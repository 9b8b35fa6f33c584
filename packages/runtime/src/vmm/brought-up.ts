/** What a driver's bring-up hands to its launch and its restore. */
import type { ProcessRef } from "@mvm/core";
import type { StartedVm, VmHandle, VmLaunch } from "./driver.ts";

export interface BroughtUp {
  readonly vm: StartedVm;
  /** Since the VMM's process was started. */
  readonly elapsedMs: number;
}

export function handleOf(
  driver: string,
  { id, stateDir, runDir, uid, network }: Pick<VmLaunch, "id" | "stateDir" | "runDir" | "uid" | "network">,
  process: ProcessRef,
): VmHandle {
  return { id, driver, process, stateDir, runDir, uid, networkNamespace: network.namespace };
}
