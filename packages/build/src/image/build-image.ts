/**
 * Builds the development image of a profile (design §12), or finds it built already. Called by the
 * CLI, as root.
 *
 * An image that exists for the same declared inputs is returned without asking anybody: no network,
 * no lock. Debian's packages are as new as the parts kept from earlier builds; `refresh` asks anew.
 */
import { MvmError, isMvmError, type ImageManifest } from "@mvm/core";
import type { BuildPorts } from "./build-ports.ts";
import type { BuildImageRequest, BuiltImage } from "./build-request.ts";
import { builtBefore, inputHashOf } from "./built-before.ts";
import { composeImage } from "./compose-image.ts";
import { imageStore } from "./store/image-store.ts";
import { prepareStore, sweepStore } from "./store/publish.ts";

/**
 * @throws MvmError MVM_IMAGE_BUILD_FAILED (the failed step as its cause), MVM_IMAGE_PATCH_MISMATCH; the
 * signal's reason when it is aborted. Nothing that could be taken for an image is left then.
 */
export async function buildImage(request: BuildImageRequest, ports: BuildPorts): Promise<BuiltImage> {
  const store = imageStore(request.imagesDir);
  const inputHash = await inputHashOf(request, ports);
  const findBuilt = async (): Promise<ImageManifest | null> =>
    request.refresh === true ? null : builtBefore(store, inputHash, ports);
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
    return { manifest: await composeImage({ request, store, inputHash }, ports), cached: false };
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
