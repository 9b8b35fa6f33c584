/** Building, listing and verifying images on this machine, put together for the CLI. */
import {
  buildImage,
  createBuildLock,
  openImageCatalog,
  verifyImage,
  type BuildImageRequest,
  type BuiltImage,
} from "@mvm/build";
import { nodeClock, nodeFiles, type ImageCatalog, type ImageManifest } from "@mvm/core";
import { createLinuxCommands } from "@mvm/runtime";

export type ImageToolsOptions = Pick<BuildImageRequest, "imagesDir" | "baseDir" | "guestAgentPath" | "downloadEnv">;

export interface ImageTools {
  readonly catalog: ImageCatalog;
  /** @throws MvmError MVM_IMAGE_BUILD_FAILED, MVM_IMAGE_PATCH_MISMATCH */
  build(request: Omit<BuildImageRequest, keyof ImageToolsOptions>): Promise<BuiltImage>;
  /** @throws MvmError MVM_IMAGE_CORRUPTED */
  verify(manifest: ImageManifest): Promise<void>;
}

export function openImageTools(options: ImageToolsOptions): ImageTools {
  const ports = { commands: createLinuxCommands(), files: nodeFiles, lock: createBuildLock(nodeClock) };
  return {
    catalog: openImageCatalog(options.imagesDir, nodeFiles),
    build: (request) => buildImage({ ...options, ...request }, ports),
    verify: (manifest) => verifyImage(options.imagesDir, manifest, nodeFiles),
  };
}
