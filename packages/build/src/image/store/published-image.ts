/** A small image in a store, for the store's tests: its artifacts are a few words each. */
import { join } from "node:path";
import type { Artifact, ImageManifest } from "@mvm/core";
import { imageManifest } from "../image-manifest.ts";
import type { ImageStore } from "./image-store.ts";
import { publishImage, storeBlob, type StorePorts } from "./publish.ts";

export async function storedBlob(store: ImageStore, contents: string, ports: StorePorts): Promise<Artifact> {
  const path = join(store.workDir, "made");
  await ports.files.writeAtomic(path, contents);
  return storeBlob(store, path, ports);
}

export async function publishedImage(
  store: ImageStore,
  { profile, rootfs }: { readonly profile: string; readonly rootfs: string },
  ports: StorePorts,
): Promise<ImageManifest> {
  const manifest = imageManifest({
    profile,
    input_hash: "a".repeat(64),
    artifacts: {
      kernel: await storedBlob(store, "kernel", ports),
      vmlinux: await storedBlob(store, "vmlinux", ports),
      initrd: await storedBlob(store, "initrd", ports),
      rootfs: await storedBlob(store, rootfs, ports),
    },
    kernel_version: "6.1.192-2",
    packages: [],
    npm_lock_sha256: null,
    patches: [],
  });
  await publishImage(store, manifest, ports);
  return manifest;
}
