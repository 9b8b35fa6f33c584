import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { nodeClock, nodeFiles, type ImageManifest, type RevisionId } from "@mvm/core";
import { createLinuxCommands } from "@mvm/testing";
import { createBuildLock } from "../host/build-lock.ts";
import { imageStore, type ImageStore } from "./image-store.ts";
import { prepareStore } from "./publish.ts";
import { publishedImage } from "./published-image.ts";
import { purgeImages } from "./purge-images.ts";

const ports = { commands: createLinuxCommands(), files: nodeFiles, lock: createBuildLock(nodeClock) };
const base = await mkdtemp(join(tmpdir(), "mvm-purge-"));
after(() => rm(base, { recursive: true }));
let store: ImageStore;
beforeEach(async () => {
  store = imageStore(await mkdtemp(join(base, "store-")));
  await prepareStore(store, nodeFiles);
});

const publish = (profile: string): Promise<ImageManifest> => publishedImage(store, { profile, rootfs: profile }, ports);

function purge(revisions: readonly RevisionId[], signal = new AbortController().signal): Promise<number> {
  return purgeImages({ imagesDir: store.dir, revisions, signal }, ports);
}

test("only the named images go, and no contents that another one uses", async () => {
  const [ours, other] = [await publish("ours"), await publish("other")];
  assert.equal(await purge([ours.revision]), 1);
  assert.equal(existsSync(store.artifactPath(ours.artifacts.rootfs)), false);
  assert.deepEqual(await readdir(store.revisionsDir), [`${other.revision}.json`]);
  for (const artifact of Object.values(other.artifacts)) assert.ok(existsSync(store.artifactPath(artifact)));
});

test("with the last image goes all that builds keep, and nothing beside it", async () => {
  const { revision } = await publish("ours");
  await writeFile(join(store.dir, "precious"), "");
  assert.equal(await purge([revision]), 1);
  assert.deepEqual(await readdir(store.dir), ["precious"]);
});

test("nothing is named, nothing goes", async () => {
  const { revision } = await publish("other");
  assert.equal(await purge([]), 0);
  assert.deepEqual(await readdir(store.revisionsDir), [`${revision}.json`]);
});

test("it waits for a build that is at work", async () => {
  const { revision } = await publish("ours");
  const build = await ports.lock.hold(store.lockPath, { onWait: () => undefined });
  const abort = new AbortController();
  const purging = purge([revision], abort.signal);
  abort.abort();
  await assert.rejects(purging);
  assert.ok(existsSync(store.manifestPath(revision)));
  build.release();
});
