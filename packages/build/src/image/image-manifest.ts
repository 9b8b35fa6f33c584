/** Writes an image's manifest and gives it its revision: the hash of everything else in it. Pure. */
import { ImageManifest, hashOf } from "@mvm/core";
import type * as z from "zod";

const REVISION_DIGITS = 16;

export type ImageFacts = Omit<z.input<typeof ImageManifest>, "schema_version" | "revision" | "kind" | "role">;

/** The manifest of a development image; its role is null, because no role adds anything to it. */
export function imageManifest(facts: ImageFacts): ImageManifest {
  const content = { schema_version: 1 as const, kind: "debian" as const, role: null, ...facts };
  return ImageManifest.parse({ ...content, revision: hashOf(content).slice(0, REVISION_DIGITS) });
}
