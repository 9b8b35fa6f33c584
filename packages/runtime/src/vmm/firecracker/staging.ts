/** How each file that a VM needs comes into its jail. Pure: decided by what it is and where it lies. */
import { MvmError } from "@mvm/core";
import type { VmDrive, VmLaunch, VmSnapshot } from "../driver.ts";
import type { FileIdentity } from "../raw-files.ts";
import { inside } from "./jail-paths.ts";

const OTHERS_READ = 0o004;
const NOT_OWNERS_WRITE = 0o022;

/** A file of the host and where the jailed process finds it. */
export interface Artifact {
  readonly source: string;
  readonly inside: string;
  /** Whether the VM writes to it: then it is a volume, a device of its own. */
  readonly writable: boolean;
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
    { source: vm.vmlinuxPath, inside: inside.kernel, writable: false },
    { source: vm.initrdPath, inside: inside.initrd, writable: false },
    ...vm.drives.map(driveArtifact),
  ];
}

export function restoreArtifacts(
  vm: Pick<VmLaunch, "drives"> & { readonly snapshot: Pick<VmSnapshot, "memory_path" | "state_path"> },
): readonly Artifact[] {
  return [
    { source: vm.snapshot.state_path, inside: inside.loadedState, writable: false },
    { source: vm.snapshot.memory_path, inside: inside.loadedMemory, writable: false },
    ...vm.drives.map(driveArtifact),
  ];
}

function driveArtifact({ name, path, readOnly, luksKeyPath }: VmDrive): Artifact {
  if (luksKeyPath !== undefined)
    throw new MvmError("MVM_VM_DRIVER", { message: `Firecracker can't decrypt ${path}: it needs an opened volume` });
  return { source: path, inside: inside.drive(name), writable: !readOnly };
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
  return { kind: (file.mode & OTHERS_READ) === 0 ? "own-link" : "shared-link", artifact };
}
