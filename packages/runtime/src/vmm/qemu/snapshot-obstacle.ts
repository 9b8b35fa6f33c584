/** Whether a snapshot can be restored by the QEMU of this host. Pure. */
import type { FileFacts } from "@mvm/core";
import type { VmSnapshot } from "../driver.ts";
import { MAX_STATE_BYTES } from "./device-state.ts";
import { DRIVER_NAME } from "./driver-name.ts";
import type { Execution } from "./host-support.ts";

const MIB = 1024 * 1024;

export interface RestoreFacts {
  /** Of the snapshot's memory file. */
  readonly memory: FileFacts | null;
  /** Of its device state. */
  readonly state: FileFacts | null;
  /** What the VM is to have. */
  readonly memMib: number;
  readonly execution: Execution;
}

/**
 * Null, or why not. What QEMU would notice only while it loads, or never: its own version, how the
 * guest executes, the memory's size and owner.
 */
export function snapshotObstacle(snapshot: VmSnapshot, facts: RestoreFacts): string | null {
  const { memory, state, memMib, execution } = facts;
  const { driver, vmm_version: version, acceleration, memory_path: path, memory_bytes: bytes } = snapshot;
  if (driver !== DRIVER_NAME) return `it was saved by ${driver}`;
  if (version !== execution.version.text)
    return `it was saved by QEMU ${version}, and QEMU ${execution.version.text} is installed`;
  if (acceleration !== execution.acceleration)
    return `its guest was ${executed[acceleration]}, and would be ${executed[execution.acceleration]}`;
  if (bytes !== memMib * MIB) return `it has ${bytes / MIB} MiB of memory, not ${memMib}`;
  if (memory === null) return `${path} is missing: another restore may have taken it`;
  if (memory.kind !== "file" || memory.sizeBytes !== bytes)
    return `${path} is no file of ${bytes} bytes, but a ${memory.kind} of ${memory.sizeBytes}`;
  if (memory.links !== 1) return `${path} has another name: the VM that was saved is not gone`;
  if (state?.kind !== "file" || state.sizeBytes > MAX_STATE_BYTES)
    return `${snapshot.state_path} is missing or no file of at most ${MAX_STATE_BYTES} bytes`;
  return null;
}

const executed = { emulated: "emulated", kvm: "run by KVM" } as const;
