/**
 * What is observed of a host before anything is judged: plain data, made by `observe-node.ts` and by
 * tests. Null says that the host doesn't have or tell it.
 */
import type { ProgramFacts } from "../vmm/firecracker/suitability/observe-program.ts";

export interface NodeFacts {
  readonly kvm: KvmFacts;
  readonly firecracker: ProgramFacts;
  readonly jailer: ProgramFacts;
  /** The configuration's word: versions that are no releases and may run all the same. */
  readonly acceptedFirecracker: readonly string[];
  readonly cgroup: CgroupFacts;
  readonly encryption: EncryptionFacts;
  readonly network: NetworkFacts;
  readonly swaps: readonly SwapFacts[];
  /** Null where the kernel has no same-page merging. */
  readonly ksm: KsmFacts | null;
  /** The shortest period of a guest's timer that KVM follows, in microseconds, as the kernel tells it. */
  readonly guestTimerPeriodUs: string | null;
  readonly cpu: CpuFacts;
  readonly kernel: string;
  readonly storage: StorageFacts;
  readonly clockSource: string | null;
  readonly memory: MemoryFacts;
}

export interface KsmFacts {
  /** `0` off, which leaves shared what is; `1` on; `2` off and undone. */
  readonly run: string;
  /** Pages that stand for more than one. */
  readonly pagesShared: number;
}

export interface KvmFacts {
  /** /dev/kvm. */
  readonly device: { readonly mode: number; readonly uid: number } | null;
  /** A kernel booted with it; null when there was no kernel or no VMM to try. */
  readonly trial: KvmTrial | null;
}

export interface KvmTrial {
  readonly works: boolean;
  /** Why not, in words; empty when it works. */
  readonly reason: string;
}

export interface CgroupFacts {
  /** Where cgroup v2 must be mounted. */
  readonly mount: string;
  /** Controllers at its root; null when it is not mounted there. */
  readonly controllers: readonly string[] | null;
}

export interface EncryptionFacts {
  /** Whether the kernel's device-mapper answers. */
  readonly deviceMapper: boolean;
  /** dm-crypt: in the kernel now, a module that can be loaded, or not there. */
  readonly crypt: "loaded" | "loadable" | null;
  /** What `cryptsetup --version` printed. */
  readonly cryptsetup: string | null;
  readonly loopControl: boolean;
}

export interface NetworkFacts {
  /** What `nft --version` printed. */
  readonly nft: string | null;
  /** Why the kernel refuses tables of the families in use; null when it takes them. */
  readonly refusal: string | null;
  readonly tun: boolean;
  readonly namespaces: boolean;
}

export interface SwapFacts {
  readonly device: string;
  /** Why nothing reaches a disk in the clear through it; null when it does. */
  readonly safe: "memory" | "encrypted" | null;
}

export interface CpuFacts {
  /** Whether threads of a core run at the same time now; null when the kernel doesn't tell. */
  readonly smtActive: boolean | null;
  readonly microcode: string | null;
  /** The kernel's own words, by weakness. */
  readonly vulnerabilities: Readonly<Record<string, string>>;
}

/** The mount that a directory, or what there is of its path, lies on. */
export interface MountFacts {
  readonly path: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly freeBytes: number;
}

export interface StorageFacts {
  readonly jails: MountFacts;
  readonly state: MountFacts;
  readonly images: MountFacts;
}

export interface MemoryFacts {
  readonly guestMib: number;
  readonly reservedMib: number;
  /** `vm.overcommit_memory`. */
  readonly overcommit: string | null;
}
