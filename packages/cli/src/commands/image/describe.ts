/** What is shown of an image. Pure. */
import { type CatalogueImage, type ImageManifest, isoTime } from "@mvm/core";

const BYTES_PER_MIB = 1024 * 1024;

/** The image in `--json` documents: its manifest and when it was built. */
export function imageDocument({ manifest, builtAtMs }: CatalogueImage): Readonly<Record<string, unknown>> {
  return { ...manifest, built_at: isoTime(builtAtMs) };
}

/** All its files together, MiB. */
export function sizeMib(manifest: ImageManifest): number {
  const bytes = Object.values(manifest.artifacts).reduce((sum, artifact) => sum + artifact.size_bytes, 0);
  return Math.round(bytes / BYTES_PER_MIB);
}
