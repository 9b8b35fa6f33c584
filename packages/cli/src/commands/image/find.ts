/** Finds an image by what the operator typed. */
import { type CatalogueImage, type ImageCatalog, MvmError, RevisionId } from "@mvm/core";

/** @throws MvmError MVM_IMAGE_NOT_FOUND */
export async function findImage(catalog: ImageCatalog, revision: string): Promise<CatalogueImage> {
  const id = RevisionId.safeParse(revision);
  const image = id.success ? await catalog.get(id.data) : null;
  if (image !== null) return image;
  throw new MvmError("MVM_IMAGE_NOT_FOUND", {
    message: `no image '${revision}'${id.success ? "" : ": a revision is 16 hexadecimal digits"}`,
    remedy: "See mvm image list.",
    details: { revision },
  });
}
