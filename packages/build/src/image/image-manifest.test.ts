import assert from "node:assert/strict";
import { test } from "node:test";
import { imageManifest, type ImageFacts } from "./image-manifest.ts";

const artifact = (digit: string) => ({
  file: `blobs/sha256-${digit.repeat(64)}`,
  sha256: digit.repeat(64),
  size_bytes: 1,
});
const facts: ImageFacts = {
  profile: "small",
  input_hash: "a".repeat(64),
  artifacts: { kernel: artifact("1"), vmlinux: artifact("2"), initrd: artifact("3"), rootfs: artifact("4") },
  kernel_version: "6.1.192-2",
  packages: ["git=1"],
  npm_lock_sha256: null,
  patches: [],
};

test("the revision is a hash over the rest of the manifest", () => {
  const { revision } = imageManifest(facts);
  assert.match(revision, /^[0-9a-f]{16}$/);
  assert.equal(imageManifest(structuredClone(facts)).revision, revision);
  assert.notEqual(imageManifest({ ...facts, packages: ["git=2"] }).revision, revision);
  assert.notEqual(
    imageManifest({ ...facts, artifacts: { ...facts.artifacts, rootfs: artifact("5") } }).revision,
    revision,
  );
});

test("an image of the development builder is of kind debian and serves every role", () => {
  const { kind, role } = imageManifest(facts);
  assert.deepEqual({ kind, role }, { kind: "debian", role: null });
});

test("facts that break the manifest's schema are refused", () => {
  assert.throws(() =>
    imageManifest({ ...facts, artifacts: { ...facts.artifacts, rootfs: { ...artifact("4"), file: "../outside" } } }),
  );
});
