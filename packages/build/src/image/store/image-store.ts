/**
 * Where images lie below [images] dir. Contents by their hash, so that images share what is equal;
 * a manifest a revision; an index from declared inputs to the revision that they gave:
 *
 *   blobs/sha256-<hash>     kernel, initrd, root file system …
 *   revisions/<id>.json     manifest; an image exists from the moment this file does
 *   inputs/<hash>           the revision that these inputs gave
 *   verified/<hash>.json    what a blob's file looked like when its hash was last right
 *   parts/, work/           kept between builds; a build's own, swept by the next one
 *
 * Pure but for `readManifest`. Written by builds only, read by everybody.
 */
import { join } from "node:path";
import { ImageManifest, type Artifact, type Files, type RevisionId } from "@mvm/core";

/** All that builds make there: these directories and the lock. */
export const STORE_DIRECTORIES = ["blobs", "revisions", "inputs", "verified", "parts", "work"] as const;
export const LOCK_FILE = "build.lock";
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export interface ImageStore {
  readonly dir: string;
  readonly blobsDir: string;
  readonly revisionsDir: string;
  readonly partsDir: string;
  readonly workDir: string;
  readonly lockPath: string;
  manifestPath(revision: RevisionId): string;
  inputsPath(inputHash: string): string;
  verifiedPath(sha256: string): string;
  /** The absolute path of an artifact. */
  artifactPath(artifact: Artifact): string;
}

export function imageStore(dir: string): ImageStore {
  return {
    dir,
    blobsDir: join(dir, "blobs"),
    revisionsDir: join(dir, "revisions"),
    partsDir: join(dir, "parts"),
    workDir: join(dir, "work"),
    lockPath: join(dir, LOCK_FILE),
    manifestPath: (revision) => join(dir, "revisions", `${revision}.json`),
    inputsPath: (inputHash) => join(dir, "inputs", inputHash),
    verifiedPath: (sha256) => join(dir, "verified", `${sha256}.json`),
    artifactPath: ({ file }) => join(dir, file),
  };
}

/** The `file` of an artifact with that hash. */
export function blobFile(sha256: string): string {
  return `blobs/sha256-${sha256}`;
}

/** The manifest of a revision; null when there is none, or none that can be read. */
export async function readManifest(
  store: ImageStore,
  revision: RevisionId,
  files: Files,
): Promise<ImageManifest | null> {
  const text = await files.read(store.manifestPath(revision), MAX_MANIFEST_BYTES);
  if (text === null) return null;
  try {
    const manifest = ImageManifest.parse(JSON.parse(text.toString()));
    return manifest.revision === revision ? manifest : null;
  } catch {
    return null;
  }
}
