/**
 * Data volumes as LUKS1 files, for VMMs that decrypt by themselves (QEMU's luks block driver) on
 * hosts without device-mapper. Called by agent/src/lifecycle only; never mounts, never reformats.
 *
 * `<stateDir>/data.luks` and `<stateDir>/data.key.sealed`. The sealed key is written first, the
 * volume appears by rename when its header is complete: a file without a key is therefore never
 * one of ours cut short, and is refused.
 */
import { join } from "node:path";
import {
  MvmError,
  Secret,
  seal,
  unseal,
  type CommandRunner,
  type Files,
  type InstanceId,
  type Random,
} from "@mvm/core";
import type { VolumeRequest, Volumes } from "./volumes.ts";

const MIB = 1024 * 1024;
/** The header that cryptsetup puts before the data of a LUKS1 volume: 2 MiB, sector 4096 on. */
const LUKS1_HEADER_MIB = 2;
const KEY_BYTES = 32;
const MAX_SEALED_BYTES = 4096;
const FORMAT_TIMEOUT_MS = 60_000;
/** The least that LUKS1 takes: the key is random, so stretching it adds nothing. */
const PBKDF_ITERATIONS = 1000;

export interface LuksVolumesPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly random: Random;
}

/** Argv of the format; the key comes on standard input. */
export function luksFormatArgv(path: string): readonly [string, ...string[]] {
  return [
    ...([
      "cryptsetup",
      "luksFormat",
      "--type",
      "luks1",
      "--batch-mode",
      "--cipher",
      "aes-xts-plain64",
      "--key-size",
      "512",
    ] as const),
    ...["--hash", "sha256", "--pbkdf-force-iterations", String(PBKDF_ITERATIONS), "--key-file", "-", path],
  ];
}

const volumePath = (stateDir: string): string => join(stateDir, "data.luks");
const sealedKeyPath = (stateDir: string): string => join(stateDir, "data.key.sealed");
const keyContext = (instance: InstanceId): string => `instance/${instance}/volume-key`;

export function createLuksVolumes(ports: LuksVolumesPorts): Volumes {
  const { commands, files, random } = ports;

  async function storedKey(request: VolumeRequest): Promise<Secret | null> {
    const sealed = await files.read(sealedKeyPath(request.stateDir), MAX_SEALED_BYTES);
    return sealed === null
      ? null
      : unseal(sealed.toString("utf8"), { key: request.tenantKey, context: keyContext(request.instance) });
  }

  async function makeKey(request: VolumeRequest): Promise<Secret> {
    // As text: QEMU takes only valid UTF-8 for a passphrase.
    const key = new Secret(random.bytes(KEY_BYTES).toString("hex"));
    const sealed = seal(key, { key: request.tenantKey, context: keyContext(request.instance) }, random);
    await files.writeAtomic(sealedKeyPath(request.stateDir), sealed);
    return key;
  }

  async function makeVolume(request: VolumeRequest, key: Secret): Promise<void> {
    const unfinished = `${volumePath(request.stateDir)}.new`;
    try {
      await files.remove(unfinished);
      await files.createSparse(unfinished, (request.sizeMib + LUKS1_HEADER_MIB) * MIB);
      await commands.run({ argv: luksFormatArgv(unfinished), timeoutMs: FORMAT_TIMEOUT_MS, stdin: key.reveal() });
      await files.rename(unfinished, volumePath(request.stateDir));
    } catch (cause) {
      await files.remove(unfinished);
      throw new MvmError("MVM_VOLUME_FAILED", {
        message: `can't make the data volume of ${request.instance}`,
        cause,
        retry: "backoff",
      });
    }
  }

  return {
    async ensureVolume(request) {
      const path = volumePath(request.stateDir);
      const [volume, key] = [await files.stat(path), await storedKey(request)];
      if (volume !== null && key === null) {
        throw new MvmError("MVM_VOLUME_FAILED", {
          message: `the data volume ${path} has no key beside it`,
          remedy: "Restore data.key.sealed from where the volume came from, or destroy the instance.",
        });
      }
      if (volume !== null) return { path, created: false };
      await makeVolume(request, key ?? (await makeKey(request)));
      return { path, created: true };
    },

    async exposeKey(request, keyPath) {
      const key = await storedKey(request);
      if (key === null)
        throw new MvmError("MVM_VOLUME_FAILED", { message: `the data volume of ${request.instance} has no key` });
      await files.writeAtomic(keyPath, key.reveal(), { mode: 0o400 });
    },

    hideKey: (keyPath) => files.remove(keyPath),

    async destroyVolume(stateDir) {
      // The key first: without it the volume's bytes are noise, whatever happens to the file.
      await files.remove(sealedKeyPath(stateDir));
      await files.remove(volumePath(stateDir));
      await files.remove(`${volumePath(stateDir)}.new`);
    },
  };
}
