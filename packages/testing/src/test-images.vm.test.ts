/** That tests boot what the sources now make, on a copy of the images with a stale one in it. No VM. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ImageManifest } from "@mvm/core";
import { requires } from "./requirements.ts";
import { ensureTestImage, imagesDir } from "./test-images.ts";

const STALE = "0123456789abcdef";

const skip = await requires("root", "images");

test("a newer image of other inputs is not taken for the one that is asked for", { skip }, async () => {
  const { rootfs } = await ensureTestImage("minimal");
  const [named, earlier] = [process.env["MVM_TEST_IMAGES"], imagesDir()];
  // Beside them: its blobs are hard links.
  const copy = await mkdtemp(`${earlier}-copy-`);
  try {
    await promisify(execFile)("cp", ["--archive", "--link", `${earlier}/.`, copy]);
    const revisions = join(copy, "revisions");
    const manifests = await Promise.all(
      (await readdir(revisions)).map(async (name) =>
        ImageManifest.parse(JSON.parse(await readFile(join(revisions, name), "utf8"))),
      ),
    );
    const manifest = manifests.find(({ artifacts }) => artifacts.rootfs.file === relative(earlier, rootfs));
    assert.ok(manifest !== undefined);
    const artifacts = { ...manifest.artifacts, rootfs: manifest.artifacts.kernel };
    await writeFile(join(revisions, `${STALE}.json`), JSON.stringify({ ...manifest, revision: STALE, artifacts }));

    process.env["MVM_TEST_IMAGES"] = copy;
    assert.equal((await ensureTestImage("minimal")).rootfs, join(copy, relative(earlier, rootfs)));
  } finally {
    if (named === undefined) delete process.env["MVM_TEST_IMAGES"];
    else process.env["MVM_TEST_IMAGES"] = named;
    await rm(copy, { recursive: true, force: true });
  }
});
