/**
 * Data volumes as LUKS1 files, for a VMM that decrypts by itself (QEMU's luks block driver, so mode
 * development), whatever the host has. Called by agent/src/lifecycle only; never mounts, never reformats.
 */
import { MvmError, type CommandRunner, type Files, type Random } from "@mvm/core";
import { ensureVolumeFile, growVolumeFile, removeVolumeFile, volumePath } from "./volume-file.ts";
import { volumeKeys } from "./volume-key.ts";
import type { Volumes } from "./volumes.ts";

export interface LuksFileVolumesPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly random: Random;
}

export function createLuksFileVolumes(ports: LuksFileVolumesPorts): Volumes {
  const { files } = ports;
  const keys = volumeKeys(ports);
  return {
    ensureVolume: (request) => ensureVolumeFile({ ...ports, keys }, "luks1", request),
    // A VMM that has it open goes by the size that it found, until its driver tells it.
    growVolume: (request) => growVolumeFile({ ...ports, keys }, "luks1", request),

    async openVolume(request) {
      const key = await keys.stored(request);
      if (key === null)
        throw new MvmError("MVM_VOLUME_FAILED", { message: `the data volume of ${request.instance} has no key` });
      await files.writeAtomic(request.keyPath, key.reveal(), { mode: 0o400 });
    },

    dataDrive: ({ stateDir, keyPath }) => Promise.resolve({ path: volumePath(stateDir), luksKeyPath: keyPath }),
    hideKey: ({ keyPath }) => files.remove(keyPath),
    closeVolume: ({ keyPath }) => files.remove(keyPath),

    async destroyVolume({ stateDir, keyPath }) {
      await files.remove(keyPath);
      await removeVolumeFile({ files, keys }, stateDir);
    },

    // Nothing of such a volume is the host's: it is a file, and the VMM's while that runs.
    leftovers: () => Promise.resolve([]),
  };
}
