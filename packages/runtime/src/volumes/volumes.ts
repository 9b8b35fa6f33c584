/**
 * The port to data volumes: one LUKS file per instance under a random key that is sealed by the
 * tenant's key (design §8). Called by agent/src/lifecycle only. The host never mounts a volume.
 *
 * Two kinds stand behind it, by the driver's `dataDrive`: files that the VMM decrypts itself
 * (`luks-file`), and devices of dm-crypt (`block-device`).
 */
import type { InstanceId, Secret } from "@mvm/core";

/** Whose volume, and where what belongs to it lies. */
export interface VolumePlace {
  readonly instance: InstanceId;
  /** The instance's directory on disk. */
  readonly stateDir: string;
  /** On tmpfs: where a key lies for a VMM that decrypts by itself. */
  readonly keyPath: string;
}

export interface VolumeRequest extends VolumePlace {
  readonly sizeMib: number;
  readonly tenantKey: Secret;
}

/** A volume as a VM gets it for its data drive. */
export interface OpenVolume {
  readonly path: string;
  /** Key file of a volume that the VMM decrypts itself. */
  readonly luksKeyPath?: string;
}

export interface Volumes {
  /**
   * Makes the volume when there is none and grows one that is smaller than asked for; an existing one is
   * never reformatted or shrunk.
   * @returns the path of the LUKS file and whether it was made just now
   * @throws MvmError MVM_VOLUME_FAILED, MVM_KEY_UNSEAL_FAILED
   */
  ensureVolume(request: VolumeRequest): Promise<{ readonly path: string; readonly created: boolean }>;
  /**
   * Makes a volume that a VM has open as big as asked for; never smaller, never made anew. The host's side
   * grows: the file, and the device over it where there is one. Its driver's `growDrive` then tells the VMM, and
   * the guest lets its file system take the rest.
   * @throws MvmError MVM_VOLUME_FAILED, also when it is missing or not open; MVM_KEY_UNSEAL_FAILED
   */
  growVolume(request: VolumeRequest): Promise<void>;
  /**
   * Makes the volume ready for a VMM: puts its key onto tmpfs (mode 0400, root) for one that decrypts by
   * itself, else opens the device. Open already is fine.
   * @throws MvmError MVM_VOLUME_FAILED, MVM_KEY_UNSEAL_FAILED
   */
  openVolume(request: VolumeRequest): Promise<void>;
  /** What a VM gets of a volume that is ready; null when the host has no such device (any more). */
  dataDrive(place: VolumePlace): Promise<OpenVolume | null>;
  /** Removes the key from tmpfs: right after the VMM has opened the volume, or gave up. */
  hideKey(place: VolumePlace): Promise<void>;
  /**
   * Takes back `openVolume` when the VMM is gone and its jail with it; not open is fine.
   * @throws MvmError MVM_VOLUME_FAILED with retry while something still uses the device
   */
  closeVolume(place: VolumePlace): Promise<void>;
  /** Removes sealed key and volume, which is closed first; missing is fine. */
  destroyVolume(place: VolumePlace): Promise<void>;
  /** What the host holds open by this node's names, one `volume <instance>` each. Changes nothing. */
  leftovers(): Promise<readonly string[]>;
}
