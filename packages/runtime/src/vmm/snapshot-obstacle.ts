/** Whether a snapshot can be restored by the VMM of this host. Pure; asked by every driver before a restore. */
import type { FileFacts } from "@mvm/core";
import type { VmSnapshot } from "./driver.ts";

const MIB = 1024 * 1024;
/** Some hundred kilobytes are usual, and no VMM here takes more. */
export const MAX_STATE_BYTES = 16 * MIB;

export interface RestoreFacts {
  /** What would restore it. */
  readonly vmm: Pick<VmSnapshot, "driver" | "vmm_version" | "acceleration">;
  /** Of the snapshot's memory file. */
  readonly memory: FileFacts | null;
  /** Of its device state. */
  readonly state: FileFacts | null;
  /** What the VM is to have. */
  readonly memMib: number;
}

/**
 * Null, or why not. What a VMM would notice only while it loads, or never: its own version, how the
 * guest executes, the memory's size and owner.
 */
export function snapshotObstacle(snapshot: VmSnapshot, facts: RestoreFacts): string | null {
  const { vmm, memory, state, memMib } = facts;
  const { driver, vmm_version: version, acceleration, memory_path: path, memory_bytes: bytes } = snapshot;
  if (driver !== vmm.driver) return `it was saved by ${driver}, not ${vmm.driver}`;
  if (version !== vmm.vmm_version) return `it was saved by ${driver} ${version}, and ${vmm.vmm_version} is installed`;
  if (acceleration !== vmm.acceleration)
    return `its guest was ${executed[acceleration]}, and would be ${executed[vmm.acceleration]}`;
  if (bytes !== memMib * MIB) return `it has ${bytes / MIB} MiB of memory, not ${memMib}`;
  if (memory === null) return `${path} is missing: another restore may have taken it`;
  if (memory.kind !== "file" || memory.sizeBytes !== bytes)
    return `${path} is no file of ${bytes} bytes, but a ${memory.kind} of ${memory.sizeBytes}`;
  if (memory.links !== 1) return `${path} has another name: a VM that uses it is not gone`;
  if (state?.kind !== "file" || state.sizeBytes > MAX_STATE_BYTES)
    return `${snapshot.state_path} is missing or no file of at most ${MAX_STATE_BYTES} bytes`;
  return null;
}

const executed = { emulated: "emulated", kvm: "run by KVM" } as const;
