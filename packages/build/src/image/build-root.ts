/** From the parts to the file that holds the root file system. Called by the image build. */
import { join } from "node:path";
import type { ProfileDeclaration } from "@mvm/core";
import type { PartsContext } from "./build-parts.ts";
import { mkfsErofsRequest } from "./root/erofs.ts";
import type { AppliedPatch } from "./root/patch-tree.ts";
import { composeRootTree } from "./root/root-tree.ts";
import { warmTree } from "./root/warm.ts";
import { packTreeRequest } from "./source-trees.ts";

export interface RootImageRequest {
  readonly context: PartsContext;
  readonly profile: ProfileDeclaration;
  readonly inputHash: string;
  readonly guestAgentPath: string;
  readonly debianArchive: string;
  readonly nodeDir: string;
  readonly npmTree: string | null;
}

export interface RootImage {
  readonly imagePath: string;
  readonly patches: readonly AppliedPatch[];
}

/** @throws MvmError MVM_IMAGE_PATCH_MISMATCH, MVM_IMAGE_BUILD_FAILED, and what the commands throw */
export async function makeRootImage(request: RootImageRequest): Promise<RootImage> {
  const { context, profile, inputHash } = request;
  const { workDir, baseDir, ports, onProgress, signal } = context;
  const tree = join(workDir, "root");
  const buildDir = join(baseDir, "build");
  const pack = async (directory: string, name: string): Promise<string> => {
    const archive = join(workDir, name);
    await ports.commands.run(packTreeRequest(directory, archive));
    return archive;
  };

  onProgress("tree", "composing the root");
  const baseArchive = await pack(join(baseDir, "files"), "base.tar");
  const filesArchive = profile.debian.files === undefined ? null : await pack(profile.debian.files, "files.tar");
  const nodePath = join(request.nodeDir, "node");
  const patches = await composeRootTree(
    { ...request, tree, buildDir, nodePath, baseArchive, filesArchive, signal },
    ports,
  );
  if (profile.warm !== undefined) {
    onProgress("warm", profile.warm.command.join(" "));
    await warmTree(
      { tree, buildDir, warm: profile.warm, onLine: (line) => onProgress("warm", line), signal },
      ports.commands,
    );
  }
  onProgress("pack", "writing the file system");
  const imagePath = join(workDir, "rootfs.erofs");
  await ports.commands.run({ ...mkfsErofsRequest(tree, imagePath, inputHash), signal });
  return { imagePath, patches };
}
