/**
 * The port to a virtual machine monitor. One conformance suite (packages/testing) runs over every
 * implementation; only agent/src/lifecycle may call it.
 *
 * A driver owns what lies in the VM's directories and its process, nothing else: no volume, tap
 * or image is made or removed here.
 */
import type { Duplex } from "node:stream";
import type { InstanceId, MemOverhead, ProcessRef } from "@mvm/core";

export interface DriverFingerprint {
  readonly name: string;
  /** The VMM's own version. */
  readonly version: string;
  /** How guests execute here, such as `emulated` or `kvm`. */
  readonly acceleration: "emulated" | "kvm";
  /** What a VM takes of the host's memory beyond its guest's. */
  readonly memOverhead: MemOverhead;
  /** Null when VMs can run here; else why not and what to do. */
  readonly unusable: { readonly reason: string; readonly remedy: string } | null;
  /** Promises of production that this driver does not keep on this host, one sentence each. */
  readonly relaxations: readonly string[];
}

export interface DriverCapabilities {
  /** Whether vCPUs can be paused and resumed with the guest channel working after it. */
  readonly pause: boolean;
  readonly snapshot: boolean;
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
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Parameters beyond those the driver adds (console, clock, root): `mvm.volume=…`. */
  readonly kernelArgs: readonly string[];
  readonly drives: readonly VmDrive[];
  readonly network: { readonly namespace: string; readonly tap: string; readonly mac: string };
  readonly vcpus: number;
  readonly memMib: number;
  /** uid and gid of the VMM's process; nobody else's. */
  readonly uid: number;
  /** A directory of this VM alone on disk; made by the caller, owned by root. Guest memory lies here. */
  readonly stateDir: string;
  /** A directory of this VM alone for sockets and pid file; made by the caller. */
  readonly runDir: string;
  /** Without a first console byte in this time the boot counts as hung. */
  readonly firstOutputTimeoutMs: number;
  readonly signal?: AbortSignal;
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

export interface LaunchedVm {
  readonly handle: VmHandle;
  readonly confinement: Confinement;
  /** From the launch to the guest's first console byte. */
  readonly firstOutputMs: number;
}

export interface VmmDriver {
  readonly capabilities: DriverCapabilities;
  /** What this host can do with this driver; cached by the driver until it learns more. */
  fingerprint(): Promise<DriverFingerprint>;
  /**
   * Starts a VM: process confined, looked at before the guest's first instruction, first console
   * byte seen. On failure nothing of it is left but what the caller made.
   * @throws MvmError MVM_VM_BOOT_HUNG, MVM_VM_CONFINEMENT, MVM_VM_DRIVER
   */
  launch(vm: VmLaunch): Promise<LaunchedVm>;
  /** Takes over a VM that runs already; null when its process is gone or is not that VM. */
  adopt(handle: VmHandle): Promise<VmHandle | null>;
  inspect(handle: VmHandle): Promise<VmState>;
  /** Resolves when the process is gone (true), or false at the deadline or when `signal` is aborted. Never kills. */
  waitGone(handle: VmHandle, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Kills the process and removes what the driver made in runDir and stateDir; idempotent. */
  kill(handle: VmHandle): Promise<void>;
  /**
   * The same for a launch that was cut short, so that nobody has its handle; nothing there is fine.
   * `launch` does it first by itself.
   */
  sweep(place: VmPlace): Promise<void>;
  /** A new byte stream to the guest's agent, which ends the one before. The caller ends it. */
  openGuestStream(handle: VmHandle): Promise<Duplex>;
  /** The newest console output that was kept, at most 64 KiB, raw guest bytes: untrusted. */
  consoleTail(handle: VmHandle): Promise<Buffer>;
  /** Lets go of every VM's console and streams; touches no VM. For the end of the agent. */
  close(): void;
}
