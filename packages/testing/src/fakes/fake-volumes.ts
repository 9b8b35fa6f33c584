/** Data volumes over the memory's files: what a guest wrote stays in them, so that a loss shows. */
import { dirname, join } from "node:path";
import { MvmError, type Files } from "@mvm/core";
import type { Volumes } from "@mvm/runtime";
import * as z from "zod";
import type { FakeMachine } from "./fake-machine.ts";
import type { MemoryFiles } from "./memory-files.ts";

/** What is inside a volume. */
const Volume = z.object({
  /** UUID of its file system; null while it is blank. */
  fileSystem: z.string().nullable(),
  /** How often a guest mounted it: lost when the volume is. */
  boots: z.int(),
  /** Whether its application was paired. */
  paired: z.boolean(),
});
export type Volume = z.infer<typeof Volume>;

const BLANK: Volume = { fileSystem: null, boots: 0, paired: false };
const KEY = "volume-key";

export function readVolume(files: MemoryFiles, path: string): Volume {
  return Volume.parse(JSON.parse(files.contentsOf(path).toString("utf8")));
}

export async function writeVolume(files: Files, path: string, volume: Volume): Promise<void> {
  await files.writeAtomic(path, JSON.stringify(volume));
}

export function fakeVolumes(machine: FakeMachine): Volumes {
  const { files } = machine;
  const volumePath = (stateDir: string): string => join(stateDir, "data.luks");
  const sealedKeyPath = (stateDir: string): string => join(stateDir, "data.key.sealed");
  const expectUnused = (path: string, done: string): void => {
    const isOpen = [...machine.vms.values()].some(({ dataPath }) => dataPath === path);
    if (isOpen) machine.violated(`${path} is ${done} while a VM writes it`);
  };
  return {
    async ensureVolume({ stateDir, instance }) {
      const path = volumePath(stateDir);
      const [hasVolume, hasKey] = [
        (await files.stat(path)) !== null,
        (await files.stat(sealedKeyPath(stateDir))) !== null,
      ];
      if (hasVolume && !hasKey)
        throw new MvmError("MVM_VOLUME_FAILED", { message: `the volume of ${instance} has no key` });
      if (!hasKey) await files.writeAtomic(sealedKeyPath(stateDir), KEY);
      if (!hasVolume) await writeVolume(files, path, BLANK);
      return { path, created: !hasVolume };
    },
    async openVolume({ keyPath }) {
      if (!(await files.isTmpfs(dirname(keyPath)))) machine.violated(`the volume key ${keyPath} is not on tmpfs`);
      await files.writeAtomic(keyPath, KEY, { mode: 0o400 });
    },
    dataDrive: async ({ stateDir, keyPath }) => ({ path: volumePath(stateDir), luksKeyPath: keyPath }),
    hideKey: ({ keyPath }) => files.remove(keyPath),
    async closeVolume({ stateDir, keyPath }) {
      expectUnused(volumePath(stateDir), "closed");
      await files.remove(keyPath);
    },
    async destroyVolume({ stateDir }) {
      await files.remove(sealedKeyPath(stateDir));
      expectUnused(volumePath(stateDir), "destroyed");
      await files.remove(volumePath(stateDir));
    },
    leftovers: async () => [],
  };
}
