/**
 * The port to a virtual machine monitor. One conformance suite (packages/testing) runs over every
 * implementation; only agent/src/lifecycle may call it.
 *
 * A driver owns every trace of a VM's VMM on the host: its process, what it made in the VM's directories,
 * its jail, control group and loop devices. No volume, tap or image is made or removed here.
 */
import type { Duplex } from "node:stream";
import type { InstanceId, MemOverhead, ProcessRef } from "@mvm/core";

export interface DriverFingerprint {
  readonly name: string;
  /** The VMM's own version. */
  readonly version: string;
  /** How guests execute here. */
  readonly acceleration: "emulated" | "kvm";
  /** What a VM takes of the host's memory beyond its guest's. */
  readonly memOverhead: MemOverhead;
  /** Null when VMs can run here; else why not and what to do. */
  readonly unusable: { readonly reason: string; readonly remedy: string } | null;
  /** Promises of production that this driver does not keep on this host, one sentence each. */
  readonly relaxations: readonly string[];
}

/** What a driver is like, whatever the host and the VMM's version. */
export interface DriverCapabilities {
  /**
   * Whether a snapshot shares the VM's memory instead of copying it. Then it can be restored only once,
   * `restore` moves memory_path away just before the guest goes on, and `resume` refuses while it is there.
   */
  readonly restoreConsumes: boolean;
  /** How the data drive is opened: encrypted by the VMM from a key file, or as a device node. */
  readonly dataDrive: "luks-file" | "block-device";
}

/** A guest's disk, in the order vda, vdb, vdc, vdd (design §8). */
export interface VmDrive {
  readonly name: "rootfs" | "data" | "secrets" | "config";
  readonly path: string;
  readonly readOnly: boolean;
  /** Key file on tmpfs of a LUKS volume that the VMM opens itself. */
  readonly luksKeyPath?: string;
}

export interface VmLaunch {
  readonly id: InstanceId;
  /** The kernel as a bzImage. */
  readonly kernelPath: string;
  /** The same kernel decompressed, an ELF file. A driver boots the one of the two that its VMM loads. */
  readonly vmlinuxPath: string;
  readonly initrdPath: string;
  /** Parameters beyond those the driver adds (console, clock, root): `mvm.volume=…`. */
  readonly kernelArgs: readonly string[];
  readonly drives: readonly VmDrive[];
  readonly network: { readonly namespace: string; readonly tap: string; readonly mac: string };
  readonly vcpus: number;
  readonly memMib: number;
  /** uid and gid of the VMM's process; nobody else's. */
  readonly uid: number;
  /** From the type's profile; what is not limited there is limited by the host alone. */
  readonly limits?: VmLimits;
  /** A directory of this VM alone on disk; made by the caller, owned by root. Guest memory lies here. */
  readonly stateDir: string;
  /** A directory of this VM alone for sockets and pid file; made by the caller. */
  readonly runDir: string;
  /** Without a sign of life of the guest in this time the boot counts as hung. */
  readonly signOfLifeTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a VM may take of its host at most, beyond memory. A driver without means for one ignores it and says so. */
export interface VmLimits {
  /** Of one processor: 150 is one and a half. Default: its vCPUs, and the VMM's own work within them. */
  readonly cpuPercent?: number;
  /** Of each of its disks, reading and writing together. */
  readonly diskBytesPerSecond?: number;
  readonly diskOpsPerSecond?: number;
  /** In each direction. */
  readonly netBytesPerSecond?: number;
}

/** A VM saved to disk: what a manifest records to find and restore it. Plain data. */
export interface VmSnapshot {
  readonly driver: string;
  /** Of the VMM that saved it; no other restores it. */
  readonly vmm_version: string;
  /** How its guest executed; it goes on in no other way. */
  readonly acceleration: DriverFingerprint["acceleration"];
  /** The whole memory, not what changed since another snapshot. */
  readonly kind: "full";
  readonly memory_path: string;
  /** Device and processor state. */
  readonly state_path: string;
  readonly memory_bytes: number;
}

export interface VmRestore extends Omit<VmLaunch, "signOfLifeTimeoutMs"> {
  readonly snapshot: VmSnapshot;
}

/** Where a VM lives on this host and as whom. */
export type VmPlace = Pick<VmLaunch, "id" | "stateDir" | "runDir" | "uid">;

/** What is needed to find a VM again after a restart of the agent; plain data for the journal. */
export interface VmHandle {
  readonly id: InstanceId;
  readonly driver: string;
  readonly process: ProcessRef;
  readonly stateDir: string;
  readonly runDir: string;
  readonly uid: number;
  readonly networkNamespace: string;
}

/** `disk-failed`: stopped by its VMM, because the host's disk is full or refused it. */
export type VmState = "running" | "paused" | "shut-down" | "gone" | "disk-failed" | "unresponsive";

/** What was found when the VMM's process was looked at. */
export interface Confinement {
  /** Promises kept, in words. */
  readonly kept: readonly string[];
  /** Promises not kept; a violation of a promise that this driver makes is an error instead. */
  readonly missing: readonly string[];
}

/** A drive that is to show its guest more room. */
export interface GrownDrive {
  readonly name: VmDrive["name"];
  /** What the guest may use of it: of a volume that its VMM decrypts, what lies behind the header. */
  readonly sizeBytes: number;
}

/** A VM whose guest runs. */
export interface StartedVm {
  readonly handle: VmHandle;
  readonly confinement: Confinement;
}

export interface LaunchedVm extends StartedVm {
  /**
   * From the start of the VMM's process to the guest's first sign of life, as the driver can see one: its
   * first console byte (QEMU), or the guest channel's port taking a connection (Firecracker, which has no
   * console).
   */
  readonly signOfLifeMs: number;
}

/** Whose words are heard of a VM: its guest's, or where guests have no console its VMM's. */
export const OUTPUT_SOURCES = ["guest-console", "vmm-log"] as const;

export interface OutputTail {
  readonly source: (typeof OUTPUT_SOURCES)[number];
  /** The newest, at most 64 KiB, raw: untrusted, whoever wrote it. */
  readonly bytes: Buffer;
}

export interface VmmDriver {
  readonly capabilities: DriverCapabilities;
  /** What this host can do with this driver; cached by the driver until it learns more. */
  fingerprint(): Promise<DriverFingerprint>;
  /**
   * Starts a VM: process confined, looked at before the guest's first instruction, a sign of life
   * seen. On failure nothing of it is left but what the caller made.
   * @throws MvmError MVM_HOST_UNSUPPORTED, MVM_VM_BOOT_HUNG, MVM_VM_CONFINEMENT, MVM_VM_DRIVER; the signal's reason
   */
  launch(vm: VmLaunch): Promise<LaunchedVm>;
  /**
   * Starts a saved VM as a new process in new directories, looked at before the guest goes on. It runs
   * when this resolves; no sign of life is awaited, because a guest that goes on gives none unasked: whoever
   * restores asks it over its channel. `vm` is what it was launched with: only uid, tap and paths may differ.
   * On failure nothing of it is left and the snapshot's files are as they were, unless the guest may have
   * run on a memory that `restoreConsumes`: then memory_path is gone.
   * @throws MvmError MVM_HOST_UNSUPPORTED, MVM_VM_CONFINEMENT, MVM_VM_DRIVER; the signal's reason
   */
  restore(vm: VmRestore): Promise<StartedVm>;
  /** Takes over a VM that runs already; null when its process is gone or is not that VM. */
  adopt(handle: VmHandle): Promise<VmHandle | null>;
  inspect(handle: VmHandle): Promise<VmState>;
  /**
   * vCPUs stopped, memory resident; idempotent. Streams to the guest are dead from here on.
   * @throws MvmError MVM_VM_DRIVER
   */
  pause(handle: VmHandle): Promise<void>;
  /**
   * vCPUs run again; idempotent. The guest channel must be dialled anew.
   * @throws MvmError MVM_VM_DRIVER, also while a snapshot shares the VM's memory (`restoreConsumes`)
   */
  resume(handle: VmHandle): Promise<void>;
  /**
   * Lets a running guest see that what lies below a drive has grown to `sizeBytes`, and tells it so; it hears of
   * it soon after this resolves. Whoever calls has grown the file, and the device where the VM has one. A drive
   * never becomes smaller; one that is as big already is fine.
   * @throws MvmError MVM_VM_DRIVER
   */
  growDrive(handle: VmHandle, drive: GrownDrive): Promise<void>;
  /**
   * Saves a paused VM into `dir`, which the caller made (root, 0700, empty) on the file system of the VM's
   * stateDir. The VM stays paused and can be resumed. On failure `dir` is as empty as it was. All is on stable
   * storage when it resolves. Once in a pause: a second needs a resume and another pause.
   * @throws MvmError MVM_VM_DRIVER, also when the VM is not paused
   */
  snapshot(handle: VmHandle, options: { readonly dir: string }): Promise<VmSnapshot>;
  /** Resolves when the process is gone (true), or false at the deadline or when `signal` is aborted. Never kills. */
  waitGone(handle: VmHandle, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /**
   * Kills the VM's processes, never one that only has its pid, and removes every trace that the driver owns;
   * idempotent. What the caller made stays.
   * @throws MvmError MVM_VM_DRIVER when a process does not die
   */
  kill(handle: VmHandle): Promise<void>;
  /**
   * The same for a launch that was cut short, so that nobody has its handle; nothing there is fine.
   * `launch` and `restore` do it first by themselves.
   * @throws MvmError MVM_VM_DRIVER when a process does not die
   */
  sweep(place: VmPlace): Promise<void>;
  /**
   * A new byte stream to the guest's agent, which ends the one before. The caller ends it.
   * @throws MvmError MVM_VM_DRIVER when nobody takes it
   */
  openGuestStream(handle: VmHandle): Promise<Duplex>;
  /** What was heard of the VM last. */
  outputTail(handle: VmHandle): Promise<OutputTail>;
  /** Lets go of every VM's output and streams; touches no VM. For the end of the agent. */
  close(): void;
}
