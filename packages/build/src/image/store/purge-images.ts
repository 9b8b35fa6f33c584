/**
 * Removes images of this machine by revision, with the contents that no other image uses; with the
 * last image also what builds keep for later ones. Nothing else below [images] dir, never beside a build.
 */
import { join } from "node:path";
import { type Files, RevisionId } from "@mvm/core";
import type { BuildPorts } from "../build-ports.ts";
import { type ImageStore, imageStore, LOCK_FILE, STORE_DIRECTORIES } from "./image-store.ts";
import { sweepStore } from "./publish.ts";

export interface ImagePurge {
  readonly imagesDir: string;
  readonly revisions: readonly RevisionId[];
  readonly signal: AbortSignal;
}

/** The number of images that were there; waits for a build that is at work. */
export async function purgeImages({ imagesDir, revisions, signal }: ImagePurge, ports: BuildPorts): Promise<number> {
  const { files, lock } = ports;
  const store = imageStore(imagesDir);
  if (revisions.length === 0 || (await files.stat(store.revisionsDir)) === null) return 0;
  const held = await lock.hold(store.lockPath, { onWait: () => undefined, signal });
  try {
    const known = await revisionsOf(store, files);
    const removed = known.filter((revision) => revisions.includes(revision));
    for (const revision of removed) await files.remove(store.manifestPath(revision));
    if (removed.length < known.length) await sweepStore(store, ports);
    else for (const name of [...STORE_DIRECTORIES, LOCK_FILE]) await files.remove(join(imagesDir, name));
    return removed.length;
  } finally {
    held.release();
  }
}

async function revisionsOf(store: ImageStore, files: Files): Promise<readonly RevisionId[]> {
  const names = (await files.list(store.revisionsDir)).map((name) => name.replace(/\.json$/, ""));
  return names.flatMap((name) => RevisionId.safeParse(name).data ?? []);
}
