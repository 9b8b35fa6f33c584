/** Removes the images of this machine: what image builds make below [images] dir, and nothing beside it. */
import { join } from "node:path";
import type { Files } from "@mvm/core";
import { LOCK_FILE, STORE_DIRECTORIES } from "./image-store.ts";

const STORE_NAMES: readonly string[] = [...STORE_DIRECTORIES, LOCK_FILE];

export async function purgeImages(files: Files, imagesDir: string): Promise<void> {
  const own = (await files.list(imagesDir)).filter((name) => STORE_NAMES.includes(name));
  for (const name of own) await files.remove(join(imagesDir, name));
  if (own.length > 0 && (await files.list(imagesDir)).length === 0) await files.remove(imagesDir);
}
