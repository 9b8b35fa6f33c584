import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { isMvmError, nodeFiles, type Artifact, type Files, type ImageManifest } from "@mvm/core";
import { createLinuxCommands } from "@mvm/testing";
import { openImageCatalog } from "./image-catalog.ts";
import { imageStore, type ImageStore } from "./image-store.ts";
import { kernelRecordPath } from "./kernel-record.ts";
import { prepareStore, sweepStore } from "./publish.ts";
import { publishedImage, storedBlob } from "./published-image.ts";
import { verifyImage } from "./verify-image.ts";

const ports = { commands: createLinuxCommands(), files: nodeFiles };
let store: ImageStore;
beforeEach(async () => {
  store = imageStore(await mkdtemp(join(tmpdir(), "mvm-store-")));
  await prepareStore(store, nodeFiles);
});
const made: string[] = [];
beforeEach(() => void made.push(store.dir));
after(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

const blob = (contents: string): Promise<Artifact> => storedBlob(store, contents, ports);
const publish = (profile: string, rootfs: string): Promise<ImageManifest> =>
  publishedImage(store, { profile, rootfs }, ports);

const corrupted = (words: RegExp) => (error: unknown) =>
  isMvmError(error, "MVM_IMAGE_CORRUPTED") && words.test(error.message);

test("a published image is found by its revision and verifies", async () => {
  const manifest = await publish("small", "root");
  const catalog = openImageCatalog(store.dir, nodeFiles);
  assert.deepEqual((await catalog.get(manifest.revision))?.manifest, manifest);
  await verifyImage(store.dir, manifest, nodeFiles);
});

test("equal contents are stored once, read-only", async () => {
  await publish("small", "root");
  await publish("large", "another root");
  const blobs = await readdir(store.blobsDir);
  assert.equal(blobs.length, 5);
  for (const name of blobs) assert.equal((await stat(join(store.blobsDir, name))).mode & 0o777, 0o444);
});

test("the newest image of a profile is the one built last, for any role", async () => {
  const [first, second] = [await publish("small", "one"), await publish("small", "two")];
  await utimes(store.manifestPath(first.revision), 3000, 3000);
  await utimes(store.manifestPath(second.revision), 2000, 2000);
  const catalog = openImageCatalog(store.dir, nodeFiles);
  assert.equal((await catalog.newest("gateway", "small"))?.manifest.revision, first.revision);
  assert.equal(await catalog.newest("gateway", "large"), null);
  assert.deepEqual(
    (await catalog.list()).map(({ builtAtMs }) => builtAtMs),
    [3_000_000, 2_000_000],
  );
});

test("what lacks an artifact, can't be read or bears a false name is no image", async () => {
  const [lacking, renamed, cut] = [await publish("a", "one"), await publish("b", "two"), await publish("c", "three")];
  await rm(store.artifactPath(lacking.artifacts.rootfs));
  await writeFile(
    store.manifestPath("0".repeat(16) as ImageManifest["revision"]),
    await readFile(store.manifestPath(renamed.revision)),
  );
  await writeFile(store.manifestPath(cut.revision), "{");
  await writeFile(join(store.revisionsDir, ".tmp"), "");
  const listed = await openImageCatalog(store.dir, nodeFiles).list();
  assert.deepEqual(
    listed.map(({ manifest }) => manifest.profile),
    ["b"],
  );
});

test("an empty catalogue needs no directory", async () => {
  assert.deepEqual(await openImageCatalog(join(store.dir, "none"), nodeFiles).list(), []);
});

const damages: Readonly<Record<string, readonly [damage: (path: string) => Promise<unknown>, words: RegExp]>> = {
  "one changed byte": [(path) => writeFile(path, "raat"), /rootfs .* hash differs/],
  "a missing byte": [(path) => writeFile(path, "roo"), /3 bytes instead of 4/],
  "a missing file": [(path) => rm(path), /is missing/],
};
for (const [what, [damage, words]] of Object.entries(damages)) {
  test(`${what} is found although the image was right before`, async () => {
    const manifest = await publish("small", "root");
    await verifyImage(store.dir, manifest, nodeFiles);
    const path = store.artifactPath(manifest.artifacts.rootfs);
    await chmod(path, 0o644);
    await damage(path);
    await assert.rejects(() => verifyImage(store.dir, manifest, nodeFiles), corrupted(words));
  });
}

test("a file that was right is not read again until it changes", async () => {
  const manifest = await publish("small", "root");
  const read: string[] = [];
  const watched: Files = {
    ...nodeFiles,
    sha256: (path) => {
      read.push(path);
      return nodeFiles.sha256(path);
    },
  };
  await verifyImage(store.dir, manifest, watched);
  assert.deepEqual(read, []);
  const path = store.artifactPath(manifest.artifacts.rootfs);
  await utimes(path, 1, 1);
  await verifyImage(store.dir, manifest, watched);
  await verifyImage(store.dir, manifest, watched);
  assert.deepEqual(read, [path]);
});

test("a damaged blob is mended by storing it again", async () => {
  const manifest = await publish("small", "root");
  const path = store.artifactPath(manifest.artifacts.rootfs);
  await chmod(path, 0o644);
  await writeFile(path, "raat");
  await blob("root");
  await verifyImage(store.dir, manifest, nodeFiles);
});

test("a sweep leaves what images and kernel records name, and nothing else", async () => {
  const manifest = await publish("small", "root");
  const kept = await blob("kernel of no image");
  await writeFile(
    kernelRecordPath(store, "f".repeat(64)),
    JSON.stringify({ version: "1", kernel: kept, vmlinux: kept, initrd: kept }),
  );
  await blob("of a build that was killed");
  await writeFile(join(store.workDir, "left"), "");
  await sweepStore(store, ports);
  const expected = [...Object.values(manifest.artifacts), kept].map(({ sha256 }) => `sha256-${sha256}`);
  assert.deepEqual((await readdir(store.blobsDir)).toSorted(), expected.toSorted());
  assert.deepEqual(await readdir(store.workDir), []);
});
