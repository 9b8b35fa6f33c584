/**
 * The port to data volumes: one LUKS file per instance under a random key that is sealed by the
 * tenant's key (design §8). Called by agent/src/lifecycle only. The host never mounts a volume.
 */
import type { InstanceId, Secret } from "@mvm/core";

export interface VolumeRequest {
  readonly instance: InstanceId;
  readonly sizeMib: number;
  readonly tenantKey: Secret;
  /** The instance's directory on disk. */
  readonly stateDir: string;
}

export interface Volumes {
  /**
   * Makes the volume when there is none; an existing one is never reformatted or shrunk.
   * @returns the path of the LUKS file and whether it was made just now
   * @throws MvmError MVM_VOLUME_FAILED, MVM_KEY_UNSEAL_FAILED
   */
  ensureVolume(request: VolumeRequest): Promise<{ readonly path: string; readonly created: boolean }>;
  /**
   * Puts the volume's key into a file on tmpfs for the VMM to read (mode 0400, root). The caller
   * removes it with `hideKey` as soon as the VMM has opened the volume.
   */
  exposeKey(request: VolumeRequest, keyPath: string): Promise<void>;
  hideKey(keyPath: string): Promise<void>;
  /** Removes volume and sealed key; missing is fine. */
  destroyVolume(stateDir: string): Promise<void>;
}
