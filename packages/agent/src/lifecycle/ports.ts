/**
 * Everything that lifecycle needs of the outside, as ports. Wired by `compose.ts`; by fakes in tests.
 * No other folder of the agent may hold a driver, a network, a volume or a drive writer.
 */
import type { Clock, Files, InstanceId, KeyStore, Logger, Processes, Random, RevisionId } from "@mvm/core";
import type { DriveImages } from "@mvm/build";
import type { TenantNetworks, VmHandle, VmmDriver, Volumes } from "@mvm/runtime";
import type { Journal } from "../journal/journal.ts";

/** A revision's files after they were held against its manifest. */
export interface BootImage {
  readonly kernelPath: string;
  readonly vmlinuxPath: string;
  readonly initrdPath: string;
  readonly rootfsPath: string;
}

export interface BootImages {
  /** @throws MvmError MVM_IMAGE_NOT_FOUND, MVM_IMAGE_CORRUPTED, MVM_IMAGE_NOT_ACCEPTED */
  verified(revision: RevisionId): Promise<BootImage>;
}

/** What a guest says of its data drive at its first answer. */
export type DataDrive = "formatted" | "mounted" | "none";

/** What lifecycle says to guests. Answers are checked and capped; every call has a deadline. */
export interface BootGuests {
  /**
   * Resolves when the guest answers for the first time and its drives are in place.
   * @throws MvmError MVM_VM_BOOT_HUNG (no answer in time), MVM_VOLUME_FAILED (a drive is not as it must be), MVM_GUEST_PROTOCOL
   */
  greet(
    handle: VmHandle,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly onHello: () => void },
  ): Promise<DataDrive>;
  /**
   * Lets the mounted file system of /data take all of a disk that is to have that size; the guest's word for what
   * it then holds, in bytes.
   * @throws MvmError MVM_GUEST_REFUSED, MVM_GUEST_TIMEOUT, MVM_GUEST_UNREACHABLE, MVM_GUEST_PROTOCOL
   */
  growData(
    handle: VmHandle,
    options: { readonly sizeBytes: number; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<number>;
  /** Asks the guest to stop by itself; resolves when it has taken the request. */
  shutDown(handle: VmHandle, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void>;
}

/** Loopback ports of instances. */
export interface IngressPorts {
  /** Takes the port, so that it is there when the guest is. @throws MvmError MVM_INGRESS_PORT_TAKEN */
  claim(id: InstanceId, port: number): Promise<void>;
  /** Lets go of whatever the instance holds. */
  release(id: InstanceId): Promise<void>;
}

export interface LifecyclePorts {
  readonly driver: VmmDriver;
  readonly networks: TenantNetworks;
  readonly volumes: Volumes;
  readonly drives: DriveImages;
  readonly images: BootImages;
  readonly keys: Pick<KeyStore, "tenantKey">;
  readonly guests: BootGuests;
  readonly ingress: IngressPorts;
  readonly files: Files;
  readonly processes: Processes;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
