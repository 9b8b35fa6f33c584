/**
 * Reads the images of this machine. Called by the coordinator (to resolve a pool's revision) and by
 * the CLI; never writes, and knows no cache: what stands on disk is the truth.
 */
import { RevisionId, type CatalogueImage, type Files, type ImageCatalog } from "@mvm/core";
import { imageStore, readManifest, type ImageStore } from "./image-store.ts";

/** @param imagesDir [images] dir; a missing directory is an empty catalogue */
export function openImageCatalog(imagesDir: string, files: Files): ImageCatalog {
  const store = imageStore(imagesDir);
  const list = async (): Promise<readonly CatalogueImage[]> => {
    const names = await files.list(store.revisionsDir);
    const images = await Promise.all(names.map((name) => readImage(store, name.replace(/\.json$/, ""), files)));
    return images.filter((image) => image !== null).toSorted(newestFirst);
  };
  return {
    list,
    async newest(role, profile) {
      const images = await list();
      return (
        images.find(
          ({ manifest }) => manifest.profile === profile && (manifest.role === null || manifest.role === role),
        ) ?? null
      );
    },
    get: (revision) => readImage(store, revision, files),
  };
}

/** Null for what is no revision, has no readable manifest, or lacks an artifact. */
async function readImage(store: ImageStore, name: string, files: Files): Promise<CatalogueImage | null> {
  const revision = RevisionId.safeParse(name);
  if (!revision.success) return null;
  const manifest = await readManifest(store, revision.data, files);
  const written = await files.stat(store.manifestPath(revision.data));
  if (manifest === null || written === null) return null;
  const artifacts = await Promise.all(
    Object.values(manifest.artifacts).map((artifact) => files.stat(store.artifactPath(artifact))),
  );
  return artifacts.includes(null) ? null : { manifest, builtAtMs: written.modifiedAtMs };
}

function newestFirst(a: CatalogueImage, b: CatalogueImage): number {
  return b.builtAtMs - a.builtAtMs || (a.manifest.revision < b.manifest.revision ? -1 : 1);
}
