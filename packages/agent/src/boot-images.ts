/** Images for booting: found in the catalogue, of an accepted kind, and held against their manifests. */
import { join } from "node:path";
import { openImageCatalog, verifyImage } from "@mvm/build";
import { MvmError, type Files } from "@mvm/core";
import type { BootImages } from "./lifecycle/ports.ts";
import type { AgentSettings } from "./settings.ts";

export function createBootImages(
  { imagesDir, acceptedImages }: Pick<AgentSettings, "imagesDir" | "acceptedImages">,
  files: Files,
): BootImages {
  const catalog = openImageCatalog(imagesDir, files);
  return {
    async verified(revision) {
      const image = await catalog.get(revision);
      if (image === null)
        throw new MvmError("MVM_IMAGE_NOT_FOUND", {
          message: `there is no image of revision ${revision} in ${imagesDir}`,
          details: { revision },
        });
      const { manifest } = image;
      if (!acceptedImages.includes(manifest.kind)) {
        throw new MvmError("MVM_IMAGE_NOT_ACCEPTED", {
          message: `image ${revision} is of kind '${manifest.kind}', accepted are: ${acceptedImages.join(", ")}`,
          details: { revision },
        });
      }
      await verifyImage(imagesDir, manifest, files);
      const { kernel, vmlinux, initrd, rootfs } = manifest.artifacts;
      return {
        kernelPath: join(imagesDir, kernel.file),
        vmlinuxPath: join(imagesDir, vmlinux.file),
        initrdPath: join(imagesDir, initrd.file),
        rootfsPath: join(imagesDir, rootfs.file),
      };
    },
  };
}
