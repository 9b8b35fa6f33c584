/**
 * Holds an image's files against its manifest. Called before each start of a VM, so a file that
 * was right once isn't read again until its size, times or inode say that it changed.
 */
import { MvmError, hashOf, type Artifact, type FileFacts, type Files, type ImageManifest } from "@mvm/core";
import { imageStore, type ImageStore } from "./image-store.ts";

const MAX_RECORD_BYTES = 4096;

/**
 * @param imagesDir [images] dir
 * @throws MvmError MVM_IMAGE_CORRUPTED naming the first artifact that is missing or other than it was built
 */
export async function verifyImage(imagesDir: string, manifest: ImageManifest, files: Files): Promise<void> {
  const store = imageStore(imagesDir);
  for (const [name, artifact] of Object.entries(manifest.artifacts)) {
    const problem = await artifactProblem(store, artifact, files);
    if (problem === null) continue;
    throw new MvmError("MVM_IMAGE_CORRUPTED", {
      message: `the ${name} of image ${manifest.revision} (${manifest.profile}) ${problem}`,
      details: {
        revision: manifest.revision,
        profile: manifest.profile,
        artifact: name,
        path: store.artifactPath(artifact),
      },
    });
  }
}

/** What is wrong with an artifact's file, or null; remembers a file that was found right. */
export async function artifactProblem(store: ImageStore, artifact: Artifact, files: Files): Promise<string | null> {
  const path = store.artifactPath(artifact);
  const facts = await files.stat(path);
  if (facts === null) return "is missing";
  if (facts.kind !== "file" || facts.sizeBytes !== artifact.size_bytes) {
    return `is not the file that was built: ${facts.sizeBytes} bytes instead of ${artifact.size_bytes}`;
  }
  const looks = looksOf(facts);
  const recordPath = store.verifiedPath(artifact.sha256);
  const record = await files.read(recordPath, MAX_RECORD_BYTES);
  if (record?.toString() === looks) return null;
  if ((await files.sha256(path)) !== artifact.sha256) return "is not the file that was built: its hash differs";
  // A start of a VM may not be allowed to write here; it only costs the next one the hash again.
  await files.writeAtomic(recordPath, looks).catch(() => undefined);
  return null;
}

/** A text that changes whenever the file may have changed. */
function looksOf({ sizeBytes, inode, modifiedAtMs, changedAtMs }: FileFacts): string {
  return hashOf({ sizeBytes, inode, modifiedAtMs, changedAtMs });
}
