/** Building, listing, verifying and removing images on this machine, put together for the CLI. */
import {
  buildImage,
  createBuildLock,
  openImageCatalog,
  purgeImages,
  verifyImage,
  type BuildImageRequest,
  type BuiltImage,
} from "@mvm/build";
import { nodeClock, nodeFiles, type ImageCatalog, type ImageManifest, type RevisionId } from "@mvm/core";
import { createLinuxCommands } from "@mvm/runtime";

export type ImageToolsOptions = Pick<BuildImageRequest, "imagesDir" | "baseDir" | "guestAgentPath" | "downloadEnv">;

export interface ImageTools {
  readonly catalog: ImageCatalog;
  /** @throws MvmError MVM_IMAGE_BUILD_FAILED, MVM_IMAGE_PATCH_MISMATCH */
  build(request: Omit<BuildImageRequest, keyof ImageToolsOptions>): Promise<BuiltImage>;
  /** @throws MvmError MVM_IMAGE_CORRUPTED */
  verify(manifest: ImageManifest): Promise<void>;
  /** Removes those images, with the contents that no other one uses; the number that were there. */
  purge(revisions: readonly RevisionId[], signal: AbortSignal): Promise<number>;
}

export function openImageTools(options: ImageToolsOptions): ImageTools {
  const ports = { commands: createLinuxCommands(), files: nodeFiles, lock: createBuildLock(nodeClock) };
  return {
    catalog: openImageCatalog(options.imagesDir, nodeFiles),
    build: (request) => buildImage({ ...options, ...request }, ports),
    verify: (manifest) => verifyImage(options.imagesDir, manifest, nodeFiles),
    purge: (revisions, signal) => purgeImages({ imagesDir: options.imagesDir, revisions, signal }, ports),
  };
}
