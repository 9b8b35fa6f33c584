/** Removes the images of this machine: what image builds make below [images] dir, and nothing beside it. */
import { join } from "node:path";
import type { Files } from "@mvm/core";

/** The names that a build makes there. */
const STORE_NAMES = ["blobs", "build.lock", "inputs", "parts", "revisions", "verified", "work"];

export async function purgeImages(files: Files, imagesDir: string): Promise<void> {
  const own = (await files.list(imagesDir)).filter((name) => STORE_NAMES.includes(name));
  for (const name of own) await files.remove(join(imagesDir, name));
  if (own.length > 0 && (await files.list(imagesDir)).length === 0) await files.remove(imagesDir);
}
