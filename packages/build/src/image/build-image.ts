/**
 * Builds the development image of a profile (design §12), or finds it built already. Called by the
 * CLI, as root.
 *
 * An image that exists for the same declared inputs is returned without asking anybody: no network,
 * no lock. Debian's packages are as new as the parts kept from earlier builds; `refresh` asks anew.
 */
import { join } from "node:path";
import { MvmError, RevisionId, isMvmError, type ImageManifest, type ProfileDeclaration } from "@mvm/core";
import type { BuildPorts, BuildProgress } from "./build-ports.ts";
import { makeRootImage } from "./build-root.ts";
import { debianPart, kernelPart, nodePart, type PartsContext } from "./build-parts.ts";
import { imageInputHash, type SourceHashes } from "./image-inputs.ts";
import { imageManifest } from "./image-manifest.ts";
import { installNpmTree } from "./npm/npm-tree.ts";
import { npmProjectHash, treeHash } from "./source-trees.ts";
import { imageStore, readManifest, type ImageStore } from "./store/image-store.ts";
import { prepareStore, publishImage, storeBlob, sweepStore } from "./store/publish.ts";
import { artifactProblem } from "./store/verify-image.ts";

export interface BuildImageRequest {
  /** [images] dir. */
  readonly imagesDir: string;
  /** `microvms/base` of the project: what every image carries. */
  readonly baseDir: string;
  /** The guest agent, bundled into one file. */
  readonly guestAgentPath: string;
  readonly profileName: string;
  /** With absolute paths, as the loaded configuration has it. */
  readonly profile: ProfileDeclaration;
  /** Proxy and certificate settings of this host, for apt and npm. */
  readonly downloadEnv?: Readonly<Record<string, string>>;
  /** Builds anew with the newest Debian packages even when nothing declared has changed. */
  readonly refresh?: boolean;
  readonly onProgress?: BuildProgress;
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  readonly manifest: ImageManifest;
  /** Whether it was there already. */
  readonly cached: boolean;
}

/**
 * @throws MvmError MVM_IMAGE_BUILD_FAILED (the failed step as its cause), MVM_IMAGE_PATCH_MISMATCH; the
 * signal's reason when it is aborted. Nothing that could be taken for an image is left then.
 */
export async function buildImage(request: BuildImageRequest, ports: BuildPorts): Promise<BuiltImage> {
  const store = imageStore(request.imagesDir);
  const sources = await hashSources(request, ports);
  const inputHash = imageInputHash(request.profileName, request.profile, sources);
  const findBuilt = async (): Promise<ImageManifest | null> => (request.refresh === true ? null : builtBefore(store, inputHash, ports));
  const built = await findBuilt();
  if (built !== null) return { manifest: built, cached: true };

  await prepareStore(store, ports.files);
  const onWait = (): void => request.onProgress?.("wait", "another build is at work");
  const { signal } = request;
  const lock = await ports.lock.hold(store.lockPath, { onWait, ...(signal === undefined ? {} : { signal }) });
  try {
    // What was waited for may have been this very image.
    const builtMeanwhile = await findBuilt();
    if (builtMeanwhile !== null) return { manifest: builtMeanwhile, cached: true };
    await sweepStore(store, ports);
    return { manifest: await build({ request, store, inputHash }, ports), cached: false };
  } catch (cause) {
    signal?.throwIfAborted();
    if (isMvmError(cause, "MVM_IMAGE_BUILD_FAILED") || isMvmError(cause, "MVM_IMAGE_PATCH_MISMATCH")) throw cause;
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
      message: `can't build the image of profile '${request.profileName}'`,
      cause,
      details: cause instanceof MvmError ? { reason: cause.message, ...cause.details } : {},
    });
  } finally {
    lock.release();
  }
}

async function hashSources({ baseDir, guestAgentPath, profile }: BuildImageRequest, ports: BuildPorts): Promise<SourceHashes> {
  const { npm, files } = profile.debian;
  if ((await ports.files.stat(guestAgentPath)) === null) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `there is no bundled guest agent at ${guestAgentPath}`, remedy: "Make it: npm run build." });
  }
  return {
    base: await treeHash(baseDir, ports),
    guestAgent: await ports.files.sha256(guestAgentPath),
    npmProject: npm === undefined ? null : await npmProjectHash(npm, ports.files),
    files: files === undefined ? null : await treeHash(files, ports),
  };
}

/** The image that these inputs gave, if its files are what they were. */
async function builtBefore(store: ImageStore, inputHash: string, { files }: BuildPorts): Promise<ImageManifest | null> {
  const revision = RevisionId.safeParse((await files.read(store.inputsPath(inputHash), 256))?.toString().trim());
  if (!revision.success) return null;
  const manifest = await readManifest(store, revision.data, files);
  if (manifest === null) return null;
  const problems = await Promise.all(Object.values(manifest.artifacts).map((artifact) => artifactProblem(store, artifact, files)));
  return problems.every((problem) => problem === null) ? manifest : null;
}

interface Build {
  readonly request: BuildImageRequest;
  readonly store: ImageStore;
  readonly inputHash: string;
}

async function build({ request, store, inputHash }: Build, ports: BuildPorts): Promise<ImageManifest> {
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
    const root = await makeRootImage({ context, profile, inputHash, guestAgentPath, debianArchive: debian.archive, nodeDir, npmTree });
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

async function npmPart(npm: string | undefined, context: PartsContext): Promise<{ readonly nodeDir: string; readonly npmTree: string | null }> {
  const nodeDir = await nodePart(context);
  if (npm === undefined) return { nodeDir, npmTree: null };
  context.onProgress("npm", "installing the locked packages");
  const { workDir, downloadEnv, signal, ports } = context;
  const npmTree = join(workDir, "npm");
  await installNpmTree({ projectDir: npm, targetDir: npmTree, nodeDir, downloadEnv, signal }, ports);
  return { nodeDir, npmTree };
}

/** Waits for all; when one fails the others are aborted and waited for, so that nothing works on in a directory that goes. */
async function together<T extends readonly Promise<unknown>[]>(failed: AbortController, tasks: readonly [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(tasks);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}
