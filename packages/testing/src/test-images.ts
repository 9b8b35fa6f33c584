/**
 * The images that tests boot: those of the product's own catalogue in MVM_TEST_IMAGES, made by the
 * product's own command, which finds them built when their inputs are what they were. They are
 * content-addressed, so every test and every run may share them.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { openImageCatalog } from "@mvm/build";
import { nodeFiles, RevisionId, type ArtifactName } from "@mvm/core";
import * as z from "zod";

const ROOT = resolve(import.meta.dirname, "../../..");
const CLI = join(ROOT, "packages/cli/src/main.ts");
const BUILD_TIMEOUT_MS = 15 * 60_000;

const BuildAnswer = z.object({ revision: RevisionId });

export function imagesDir(): string {
  return process.env["MVM_TEST_IMAGES"] ?? "/var/cache/mvm/test-images";
}

/** Paths of an image's files. */
export type TestImage = Readonly<Record<ArtifactName, string>>;

/** Whether any image of a profile is here, of whatever inputs. */
export async function hasTestImage(profile: string): Promise<boolean> {
  const images = await openImageCatalog(imagesDir(), nodeFiles).list();
  return images.some(({ manifest }) => manifest.profile === profile);
}

const ensured = new Map<string, Promise<TestImage>>();

/**
 * The image of what the profile and the sources now are: seconds when it is there, else minutes, from
 * Debian's packages. Asked of the product once a process.
 */
export function ensureTestImage(profile: string, role = "worker"): Promise<TestImage> {
  const key = join(imagesDir(), profile);
  const image = ensured.get(key) ?? buildTestImage(profile, role);
  ensured.set(key, image);
  return image;
}

async function buildTestImage(profile: string, role: string): Promise<TestImage> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-image-"));
  const config = join(directory, "mvm.toml");
  try {
    await writeFile(config, configText());
    const args = [CLI, "--config", config, "--json", "image", "build", role, profile];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: BUILD_TIMEOUT_MS });
    return await imageOf(BuildAnswer.parse(JSON.parse(stdout)).revision);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function imageOf(revision: RevisionId): Promise<TestImage> {
  const image = await openImageCatalog(imagesDir(), nodeFiles).get(revision);
  assert.ok(image !== null, `image ${revision} was built, but is not in ${imagesDir()}`);
  const { kernel, vmlinux, initrd, rootfs } = image.manifest.artifacts;
  const path = ({ file }: { readonly file: string }): string => join(imagesDir(), file);
  return { kernel: path(kernel), vmlinux: path(vmlinux), initrd: path(initrd), rootfs: path(rootfs) };
}

function configText(): string {
  return `schema_version = 1

[node]
name = "tests"
mode = "development"

[images]
dir = "${imagesDir()}"
accept = ["debian"]

[microvms]
include = [
  "${ROOT}/microvms/roles/*.toml",
  "${ROOT}/microvms/profiles/*/profile.toml",
  "${ROOT}/packages/testing/microvms/probe.toml",
]
`;
}
