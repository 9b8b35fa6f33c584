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
  const keyPath = (stateDir: string): string => join(stateDir, "data.key.sealed");
  return {
    async ensureVolume({ stateDir, instance }) {
      const path = volumePath(stateDir);
      const [hasVolume, hasKey] = [(await files.stat(path)) !== null, (await files.stat(keyPath(stateDir))) !== null];
      if (hasVolume && !hasKey)
        throw new MvmError("MVM_VOLUME_FAILED", { message: `the volume of ${instance} has no key` });
      if (!hasKey) await files.writeAtomic(keyPath(stateDir), KEY);
      if (!hasVolume) await writeVolume(files, path, BLANK);
      return { path, created: !hasVolume };
    },
    async exposeKey(_request, path) {
      if (!(await files.isTmpfs(dirname(path)))) machine.violated(`the volume key ${path} is not on tmpfs`);
      await files.writeAtomic(path, KEY, { mode: 0o400 });
    },
    hideKey: (path) => files.remove(path),
    async destroyVolume(stateDir) {
      await files.remove(keyPath(stateDir));
      const isOpen = [...machine.vms.values()].some(({ dataPath }) => dataPath === volumePath(stateDir));
      if (isOpen) machine.violated(`${volumePath(stateDir)} is destroyed while a VM writes it`);
      await files.remove(volumePath(stateDir));
    },
  };
}
