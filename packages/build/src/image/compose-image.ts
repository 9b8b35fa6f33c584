/**
 * Makes an image from its parts and publishes it. Called by the image build under its lock, with a
 * store that was swept.
 */
import { join } from "node:path";
import type { ImageManifest } from "@mvm/core";
import { debianPart, kernelPart, nodePart, type PartsContext } from "./build-parts.ts";
import type { BuildPorts } from "./build-ports.ts";
import type { BuildImageRequest } from "./build-request.ts";
import { makeRootImage } from "./build-root.ts";
import { imageManifest } from "./image-manifest.ts";
import { installNpmTree } from "./npm/npm-tree.ts";
import type { ImageStore } from "./store/image-store.ts";
import { publishImage, storeBlob } from "./store/publish.ts";

export interface Composition {
  readonly request: BuildImageRequest;
  readonly store: ImageStore;
  readonly inputHash: string;
}

/** @throws whatever a step throws; the directory of the work is removed in any case */
export async function composeImage(
  { request, store, inputHash }: Composition,
  ports: BuildPorts,
): Promise<ImageManifest> {
  const { profile, profileName, baseDir, guestAgentPath } = request;
  const workDir = join(store.workDir, inputHash);
  const failed = new AbortController();
  const context: PartsContext = {
    store,
    ports,
    workDir,
    baseDir,
    downloadEnv: request.downloadEnv ?? {},
    refresh: request.refresh ?? false,
    onProgress: request.onProgress ?? (() => undefined),
    signal: request.signal === undefined ? failed.signal : AbortSignal.any([failed.signal, request.signal]),
  };
  const { files } = ports;
  const { npm } = profile.debian;
  await files.ensureDir(workDir, { mode: 0o755 });
  try {
    const [kernel, debian, { nodeDir, npmTree }] = await together(failed, [
      kernelPart(context),
      debianPart(profile.debian.packages, context),
      npmPart(npm, context),
    ]);
    const root = await makeRootImage({
      context,
      profile,
      inputHash,
      guestAgentPath,
      debianArchive: debian.archive,
      nodeDir,
      npmTree,
    });
    context.onProgress("publish", "hashing and storing");
    const rootfs = await storeBlob(store, root.imagePath, ports);
    const manifest = imageManifest({
      profile: profileName,
      input_hash: inputHash,
      artifacts: { kernel: kernel.kernel, vmlinux: kernel.vmlinux, initrd: kernel.initrd, rootfs },
      kernel_version: kernel.version,
      packages: [...debian.packages],
      npm_lock_sha256: npm === undefined ? null : await files.sha256(join(npm, "package-lock.json")),
      patches: [...root.patches],
    });
    await publishImage(store, manifest, ports);
    return manifest;
  } finally {
    await files.remove(workDir);
  }
}

async function npmPart(
  npm: string | undefined,
  context: PartsContext,
): Promise<{ readonly nodeDir: string; readonly npmTree: string | null }> {
  const nodeDir = await nodePart(context);
  if (npm === undefined) return { nodeDir, npmTree: null };
  context.onProgress("npm", "installing the locked packages");
  const { workDir, downloadEnv, signal, ports } = context;
  const npmTree = join(workDir, "npm");
  await installNpmTree({ projectDir: npm, targetDir: npmTree, nodeDir, downloadEnv, signal }, ports);
  return { nodeDir, npmTree };
}

/** Waits for all; when one fails the others are aborted and waited for, so that nothing works on in a directory that goes. */
async function together<T extends readonly Promise<unknown>[]>(
  failed: AbortController,
  tasks: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(tasks);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}
