/**
 * The images that tests boot: those of the product's own catalogue in MVM_TEST_IMAGES, built by the
 * product's own command when there is none yet. They are content-addressed, so every test and every
 * run may share them.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { openImageCatalog } from "@mvm/build";
import { nodeFiles, type ArtifactName } from "@mvm/core";

const ROOT = resolve(import.meta.dirname, "../../..");
const CLI = join(ROOT, "packages/cli/src/main.ts");
const BUILD_TIMEOUT_MS = 15 * 60_000;

export function imagesDir(): string {
  return process.env["MVM_TEST_IMAGES"] ?? "/var/cache/mvm/test-images";
}

/** Paths of an image's files. */
export type TestImage = Readonly<Record<ArtifactName, string>>;

/** The newest image of a profile, or null when none was built. */
export async function testImage(profile: string): Promise<TestImage | null> {
  const images = await openImageCatalog(imagesDir(), nodeFiles).list();
  const manifest = images.map((image) => image.manifest).find((one) => one.profile === profile);
  if (manifest === undefined) return null;
  const { kernel, vmlinux, initrd, rootfs } = manifest.artifacts;
  const path = ({ file }: { readonly file: string }): string => join(imagesDir(), file);
  return { kernel: path(kernel), vmlinux: path(vmlinux), initrd: path(initrd), rootfs: path(rootfs) };
}

/** The image, built when it is missing: minutes, from Debian's packages. */
export async function ensureTestImage(profile: string): Promise<TestImage> {
  const found = await testImage(profile);
  if (found !== null) return found;
  const directory = await mkdtemp(join(tmpdir(), "mvm-image-"));
  const config = join(directory, "mvm.toml");
  try {
    await writeFile(config, configText());
    const args = [CLI, "--config", config, "image", "build", roleOf(profile), profile];
    await promisify(execFile)(process.execPath, args, { timeout: BUILD_TIMEOUT_MS });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const built = await testImage(profile);
  assert.ok(built !== null, `the image of ${profile} was built, but is not in ${imagesDir()}`);
  return built;
}

/** The tests' own profile goes with the tests' own role. */
function roleOf(profile: string): string {
  return profile === "probe" ? "probe" : "worker";
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
