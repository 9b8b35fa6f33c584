/** Drive images as JSON documents in the memory's files; refuses what the real writer refuses. */
import { MvmError } from "@mvm/core";
import type { DriveImages } from "@mvm/build";
import * as z from "zod";
import type { FakeMachine } from "./fake-machine.ts";
import type { MemoryFiles } from "./memory-files.ts";

const DriveImage = z.object({
  label: z.string(),
  uuid: z.string(),
  files: z.array(z.object({ path: z.string(), contents: z.string(), mode: z.int(), uid: z.int() })),
});
export type DriveImage = z.infer<typeof DriveImage>;

export function readDriveImage(files: MemoryFiles, path: string): DriveImage {
  return DriveImage.parse(JSON.parse(files.contentsOf(path).toString("utf8")));
}

export function fakeDrives(machine: FakeMachine): DriveImages {
  const { files } = machine;
  return {
    async write({ label, uuid, files: tree, outputPath, scratchDir }) {
      if (new Set(tree.map(({ path }) => path)).size !== tree.length)
        throw new MvmError("MVM_DRIVE_BUILD_FAILED", { message: `${label} was given a file twice` });
      const isSecret = label === "mvm-secrets";
      for (const path of isSecret ? [scratchDir, outputPath] : []) {
        if (!(await files.isTmpfs(path))) machine.violated(`secrets are written to ${path}, which is not on tmpfs`);
      }
      const image: DriveImage = {
        label,
        uuid,
        files: tree.map(({ path, contents, mode, uid }) => ({
          path,
          mode,
          uid,
          contents: Buffer.from(contents as Uint8Array).toString("utf8"),
        })),
      };
      const text = JSON.stringify(image);
      await files.writeAtomic(outputPath, text, { mode: 0o400 });
      return { sizeBytes: text.length, sha256: await files.sha256(outputPath) };
    },
  };
}
