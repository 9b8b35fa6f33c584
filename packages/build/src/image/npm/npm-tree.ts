/**
 * Installs a profile's npm packages from its lock file, exactly, without running anything of theirs:
 * that happens later, confined, inside the image's own tree.
 *
 * npm leaves out an optional package without a word when the running Node is too old for it or the
 * registry lacks it, so what the lock names for the image's platform is looked for afterwards.
 */
import { join } from "node:path";
import { MvmError, type CommandRunner, type Files } from "@mvm/core";
import * as z from "zod";
import { boundArgv } from "../bound-command.ts";

const NPM_TIMEOUT_MS = 15 * 60_000;
const MAX_LOCK_BYTES = 16 * 1024 * 1024;
const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Exactly the lock, nothing for development, and nothing of the packages is run. */
const NPM_OPTIONS = [
  "--omit=dev",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--prefer-offline",
  "--loglevel=error",
];
/** All that npm reads of a project: what is installed, and so what a build is known by. */
export const NPM_PROJECT_FILES = ["package.json", "package-lock.json", ".npmrc"];

/** One name or a list; a name with `!` in front is excluded. */
const Platforms = z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]);
const LockedPackage = z.object({ dev: z.boolean().default(false), os: Platforms, cpu: Platforms, libc: Platforms });
const PackageLock = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), LockedPackage) });
export type PackageLock = z.infer<typeof PackageLock>;

export interface NpmTreeRequest {
  /** Directory with package.json and package-lock.json. */
  readonly projectDir: string;
  /** Where node_modules is made; must not exist. */
  readonly targetDir: string;
  /** Directory with the `node` that npm runs on, the image's own; else the host's is used. */
  readonly nodeDir?: string;
  /** Proxy settings of this host. */
  readonly downloadEnv: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** @throws MvmError MVM_IMAGE_BUILD_FAILED (no or unreadable lock, packages missing), and what npm's run throws */
export async function installNpmTree(
  request: NpmTreeRequest,
  ports: { readonly commands: CommandRunner; readonly files: Files },
): Promise<void> {
  const { commands, files } = ports;
  const { projectDir, targetDir, nodeDir, downloadEnv, signal } = request;
  await files.ensureDir(targetDir, { mode: 0o755 });
  for (const name of NPM_PROJECT_FILES) {
    const contents = await files.read(join(projectDir, name), MAX_LOCK_BYTES);
    if (contents !== null) await files.writeAtomic(join(targetDir, name), contents, { mode: 0o644 });
  }
  const lock = await readPackageLock(projectDir, files);
  await commands.run({
    argv: boundArgv(["npm", "ci", ...NPM_OPTIONS]),
    cwd: targetDir,
    env: { ...downloadEnv, PATH: nodeDir === undefined ? SYSTEM_PATH : `${nodeDir}:${SYSTEM_PATH}` },
    timeoutMs: NPM_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  const missing: string[] = [];
  for (const path of expectedPackages(lock)) if ((await files.stat(join(targetDir, path))) === null) missing.push(path);
  if (missing.length > 0) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
      message: `npm left out ${missing.length} of the packages that ${join(projectDir, "package-lock.json")} names: ${missing.slice(0, 5).join(", ")}`,
      details: { missing },
    });
  }
}

/** @throws MvmError MVM_IMAGE_BUILD_FAILED when there is none or it can't be read */
export async function readPackageLock(projectDir: string, files: Files): Promise<PackageLock> {
  const path = join(projectDir, "package-lock.json");
  try {
    const text = await files.read(path, MAX_LOCK_BYTES);
    return PackageLock.parse(JSON.parse(text?.toString() ?? ""));
  } catch (cause) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `${path} is not a package lock of npm 7 or later`, cause });
  }
}

/** The paths below the project that a complete installation holds on the images' platform. */
export function expectedPackages(lock: PackageLock): readonly string[] {
  const admits = (names: readonly string[], value: string): boolean =>
    !names.includes(`!${value}`) && (names.includes(value) || names.every((name) => name.startsWith("!")));
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && !dev)
    .filter(([, { os, cpu, libc }]) => admits(os, "linux") && admits(cpu, "x64") && admits(libc, "glibc"))
    .map(([path]) => path);
}
