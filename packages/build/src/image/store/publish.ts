/**
 * Puts the outcome of a build into the store, so that a crash at any point leaves either the whole
 * image or none: blobs first and durably, then the manifest, then the index. Callers hold the
 * build lock.
 */
import { join } from "node:path";
import { RevisionId, type Artifact, type CommandRunner, type Files, type ImageManifest } from "@mvm/core";
import { blobFile, readManifest, STORE_DIRECTORIES, type ImageStore } from "./image-store.ts";
import { kernelRecords } from "./kernel-record.ts";
import { artifactProblem } from "./verify-image.ts";

const SYNC_TIMEOUT_MS = 10 * 60_000;

export interface StorePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/** Makes the store's directories. */
export async function prepareStore(store: ImageStore, files: Files): Promise<void> {
  for (const name of ["", ...STORE_DIRECTORIES]) {
    await files.ensureDir(join(store.dir, name), { mode: 0o755 });
  }
}

/** Moves a finished file into the store; one with the same contents is replaced, mended if it was damaged. */
export async function storeBlob(store: ImageStore, path: string, { commands, files }: StorePorts): Promise<Artifact> {
  const sha256 = await files.sha256(path);
  await files.chmod(path, 0o444);
  await commands.run({ argv: ["sync", path], timeoutMs: SYNC_TIMEOUT_MS });
  const artifact: Artifact = { file: blobFile(sha256), sha256, size_bytes: (await files.stat(path))?.sizeBytes ?? 0 };
  await files.rename(path, store.artifactPath(artifact));
  // Leaves a record, so that the first start of a VM need not read it all again.
  await artifactProblem(store, artifact, files);
  return artifact;
}

/** Makes the image exist. */
export async function publishImage(store: ImageStore, manifest: ImageManifest, { files }: StorePorts): Promise<void> {
  await files.writeAtomic(store.manifestPath(manifest.revision), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o644,
  });
  await files.writeAtomic(store.inputsPath(manifest.input_hash), `${manifest.revision}\n`, { mode: 0o644 });
}

/** Removes what builds that were killed left behind: their work, and blobs that belong to nothing. */
export async function sweepStore(store: ImageStore, { files }: StorePorts): Promise<void> {
  for (const name of await files.list(store.workDir)) await files.remove(join(store.workDir, name));
  const revisions = (await files.list(store.revisionsDir)).flatMap(
    (name) => RevisionId.safeParse(name.replace(/\.json$/, "")).data ?? [],
  );
  const manifests = await Promise.all(revisions.map((revision) => readManifest(store, revision, files)));
  const artifacts = [
    ...manifests.flatMap((manifest) => Object.values(manifest?.artifacts ?? {})),
    ...(await kernelRecords(store, files)).flatMap(({ kernel, vmlinux, initrd }) => [kernel, vmlinux, initrd]),
  ];
  const inUse = new Set(artifacts.map(({ file }) => file));
  for (const name of await files.list(store.blobsDir)) {
    if (!inUse.has(`blobs/${name}`)) await files.remove(join(store.blobsDir, name));
  }
}
