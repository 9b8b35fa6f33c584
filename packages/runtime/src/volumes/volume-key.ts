/**
 * The key of one instance's volume: random, sealed by the tenant's key, in a file beside the volume.
 * Opened for `cryptsetup` and for a VMM that decrypts by itself; in the clear it is on no disk.
 */
import { join } from "node:path";
import { Secret, seal, unseal, type Files, type Random } from "@mvm/core";
import type { VolumeRequest } from "./volumes.ts";

const KEY_BYTES = 32;
const MAX_SEALED_BYTES = 4096;

export interface VolumeKeysPorts {
  readonly files: Files;
  readonly random: Random;
}

export type KeyOwner = Pick<VolumeRequest, "instance" | "stateDir" | "tenantKey">;

export interface VolumeKeys {
  /** Null when there is none. @throws MvmError MVM_KEY_UNSEAL_FAILED */
  stored(owner: KeyOwner): Promise<Secret | null>;
  /** Makes a key and stores it durably before it is used for anything. */
  make(owner: KeyOwner): Promise<Secret>;
  /** Without it the volume's bytes are noise. */
  remove(stateDir: string): Promise<void>;
}

export function volumeKeys({ files, random }: VolumeKeysPorts): VolumeKeys {
  return {
    async stored(owner) {
      const sealed = await files.read(sealedKeyPath(owner.stateDir), MAX_SEALED_BYTES);
      return sealed === null ? null : unseal(sealed.toString("utf8"), sealing(owner));
    },
    async make(owner) {
      // As text: QEMU takes only valid UTF-8 for a passphrase.
      const key = new Secret(random.bytes(KEY_BYTES).toString("hex"));
      await files.writeAtomic(sealedKeyPath(owner.stateDir), seal(key, sealing(owner), random));
      return key;
    },
    remove: (stateDir) => files.remove(sealedKeyPath(stateDir)),
  };
}

function sealedKeyPath(stateDir: string): string {
  return join(stateDir, "data.key.sealed");
}

function sealing({ instance, tenantKey }: KeyOwner): { readonly key: Secret; readonly context: string } {
  return { key: tenantKey, context: `instance/${instance}/volume-key` };
}
