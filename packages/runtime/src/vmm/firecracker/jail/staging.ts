/** How each file that a VM needs comes into its jail. Pure: decided by what it is and where it lies. */
import { MvmError } from "@mvm/core";
import type { VmDrive, VmLaunch, VmSnapshot } from "../../driver.ts";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { inside } from "./jail-paths.ts";

const OTHERS_READ = 0o004;
const NOT_OWNERS_WRITE = 0o022;

const OWN_DRIVES: readonly VmDrive["name"][] = ["data", "secrets", "config"];
/** Where what is a VM's own comes to lie in its jail. */
export const OWN_PLACES: readonly string[] = [inside.loadedState, inside.loadedMemory, ...OWN_DRIVES.map(inside.drive)];

/** A file of the host and where the jailed process finds it. */
export interface Artifact {
  readonly source: string;
  readonly inside: string;
  /** Whether the VM writes to it: then it is a volume, a device of its own. */
  readonly writable: boolean;
  /** Whether many VMs use it, so that none may be given it. */
  readonly isShared: boolean;
}

export type Staged =
  /** A hard link to a file that everybody may read and only root may change. */
  | { readonly kind: "shared-link"; readonly artifact: Artifact }
  /** A hard link to a file of this VM alone, which stays root's and becomes readable for the VM. */
  | { readonly kind: "own-link"; readonly artifact: Artifact }
  /** A node of a loop device, for a file on another file system: secrets never leave their tmpfs. */
  | { readonly kind: "loop-node"; readonly artifact: Artifact }
  | { readonly kind: "device-node"; readonly artifact: Artifact };

export function bootArtifacts(vm: Pick<VmLaunch, "vmlinuxPath" | "initrdPath" | "drives">): readonly Artifact[] {
  return [
    readOnly(vm.vmlinuxPath, inside.kernel),
    readOnly(vm.initrdPath, inside.initrd),
    ...vm.drives.map(driveArtifact),
  ];
}

export function restoreArtifacts(
  vm: Pick<VmLaunch, "drives"> & { readonly snapshot: Pick<VmSnapshot, "memory_path" | "state_path"> },
): readonly Artifact[] {
  return [
    readOnly(vm.snapshot.state_path, inside.loadedState),
    readOnly(vm.snapshot.memory_path, inside.loadedMemory),
    ...vm.drives.map(driveArtifact),
  ];
}

function readOnly(source: string, place: string): Artifact {
  return { source, inside: place, writable: false, isShared: !OWN_PLACES.includes(place) };
}

function driveArtifact({ name, path, readOnly: isReadOnly, luksKeyPath }: VmDrive): Artifact {
  if (luksKeyPath !== undefined)
    throw new MvmError("MVM_VM_DRIVER", { message: `Firecracker can't decrypt ${path}: it needs an opened volume` });
  return { ...readOnly(path, inside.drive(name)), writable: !isReadOnly };
}

/**
 * @param file what lies at the artifact's source, null for nothing
 * @param jailDevice the file system that the jails lie on
 * @throws MvmError MVM_VM_DRIVER when it is not what it must be
 */
export function stagingOf(artifact: Artifact, file: FileIdentity | null, jailDevice: number): Staged {
  const { source, writable } = artifact;
  if (file === null) throw new MvmError("MVM_VM_DRIVER", { message: `${source} is missing` });
  if (file.kind === "block") return { kind: "device-node", artifact };
  if (file.kind !== "file") throw new MvmError("MVM_VM_DRIVER", { message: `${source} is neither file nor disk` });
  if (writable)
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${source} is a file: a VM writes to an opened volume only, which is a block device`,
    });
  if (file.uid !== 0 || (file.mode & NOT_OWNERS_WRITE) !== 0)
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${source} could be changed by others than root while a VM uses it`,
      remedy: `chown root ${source}; chmod go-w ${source}`,
    });
  if (file.device !== jailDevice) return { kind: "loop-node", artifact };
  if ((file.mode & OTHERS_READ) !== 0) return { kind: "shared-link", artifact };
  if (!artifact.isShared) return { kind: "own-link", artifact };
  throw new MvmError("MVM_VM_DRIVER", {
    message: `${source} can't be read by others than its owner, and is many VMs': none of them may be given it`,
    remedy: `chmod o+r ${source}`,
  });
}
