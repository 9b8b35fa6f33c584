/** What is wrong with a VM that is there but does not go on, as a condition of its instance. Pure. */
import { isoTime, type Condition, type InstanceId } from "@mvm/core";
import type { SeenState } from "../lifecycle/vm-watches.ts";

/** Null when the VM goes on, or when nothing is known against it. */
export function vmCondition(id: InstanceId, seen: SeenState | null): Condition | null {
  if (seen?.state !== "disk-failed") return null;
  return {
    code: "MVM_VM_DRIVER",
    severity: "failure",
    message: `the VM of ${id} is stopped: the host's disk is full, or refused to read or write its data`,
    remedy: "Make room on the disk of the state directory, then stop and start the instance.",
    since: isoTime(seen.sinceMs),
    attempts: 1,
    // Nobody but a person can make room.
    retry_at: null,
  };
}
