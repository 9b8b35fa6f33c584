/**
 * Composes the tree of a root file system from the parts that a build has made. Called by the image
 * build in a directory of its own; leaves no mount and no process.
 */
import { join } from "node:path";
import { MvmError, type CommandRunner, type Files, type ProfileDeclaration } from "@mvm/core";
import * as z from "zod";
import { SOURCE_DATE_EPOCH } from "../debian/mmdebstrap.ts";
import { unpackTreeRequest } from "../source-trees.ts";
import { BASE_UNITS, MASKED_UNITS, MOUNT_POINTS, REMOVED_PATHS } from "./base-tree.ts";
import { confinedArgv, inTreeArgv, installScriptArgv } from "./confined.ts";
import { patchTree, type AppliedPatch } from "./patch-tree.ts";

const STEP_TIMEOUT_MS = 10 * 60_000;
/** Where every image carries the npm packages of its profile. */
const APP_DIR = "usr/lib/mvm/app";
const PackageScripts = z.object({ scripts: z.record(z.string(), z.string()).default({}) });
/** Tools that write a date into the tree take this one. */
const FIXED_TIME = { SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH) };
/** In npm's order. */
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"];

export interface RootTreeParts {
  readonly tree: string;
  readonly profile: ProfileDeclaration;
  /** Archive of Debian's packages. */
  readonly debianArchive: string;
  /** Archive of what every image carries. */
  readonly baseArchive: string;
  /** Directory of enter-tree. */
  readonly buildDir: string;
  readonly nodePath: string;
  readonly guestAgentPath: string;
  /** Archive of the profile's files. */
  readonly filesArchive: string | null;
  /** Directory with the installed node_modules; it is moved into the tree. */
  readonly npmTree: string | null;
  readonly signal?: AbortSignal;
}

interface TreePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/** @throws MvmError MVM_IMAGE_PATCH_MISMATCH, MVM_IMAGE_BUILD_FAILED, and what the commands throw */
export async function composeRootTree(parts: RootTreeParts, ports: TreePorts): Promise<readonly AppliedPatch[]> {
  const { tree, profile, nodePath, guestAgentPath, filesArchive, npmTree, signal } = parts;
  const { files } = ports;
  const run = (argv: readonly [string, ...string[]]): Promise<unknown> =>
    ports.commands.run({
      argv,
      env: FIXED_TIME,
      timeoutMs: STEP_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });

  await files.ensureDir(tree, { mode: 0o755 });
  await ports.commands.run(unpackTreeRequest(parts.debianArchive, tree));
  for (const path of REMOVED_PATHS) await files.remove(join(tree, path));
  // Debian's build copies both from the host.
  for (const path of ["etc/hostname", "etc/resolv.conf"]) await files.remove(join(tree, path));
  await ports.commands.run(unpackTreeRequest(parts.baseArchive, tree));
  for (const path of MOUNT_POINTS) await files.ensureDir(join(tree, path), { mode: 0o755 });
  await run(["install", "--mode=0755", nodePath, join(tree, "usr/lib/mvm/node")]);
  await run(["install", "--mode=0644", guestAgentPath, join(tree, "usr/lib/mvm/guest-agent.mjs")]);
  if (npmTree !== null) await files.rename(npmTree, join(tree, APP_DIR));
  if (filesArchive !== null) await ports.commands.run(unpackTreeRequest(filesArchive, tree));

  await run(inTreeArgv(tree, ["systemd-sysusers"]));
  await run(inTreeArgv(tree, ["systemctl", "mask", ...MASKED_UNITS]));
  await run(inTreeArgv(tree, ["systemctl", "set-default", "multi-user.target"]));
  await run(inTreeArgv(tree, ["systemctl", "enable", ...BASE_UNITS, ...profile.debian.units]));

  const applied = await patchTree(join(tree, APP_DIR), profile.patches, ports);
  await runInstallScripts(parts, ports);
  // Files of npm packages may come with any mode; and a compile cache is keyed by file times.
  if (npmTree !== null) await run(["chmod", "--recursive", "u=rwX,go=rX", join(tree, APP_DIR)]);
  await run(["find", tree, "-xdev", "-exec", "touch", "--no-dereference", `--date=@${SOURCE_DATE_EPOCH}`, "{}", "+"]);
  return applied;
}

async function runInstallScripts(
  { tree, profile, buildDir, signal }: RootTreeParts,
  { commands, files }: TreePorts,
): Promise<void> {
  for (const name of profile.debian.npm_scripts) {
    const inside = join("/", APP_DIR, "node_modules", name);
    const manifest = await files.read(join(tree, inside, "package.json"), 4 * 1024 * 1024);
    if (manifest === null)
      throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `npm_scripts names ${name}, which is not installed` });
    const { scripts } = PackageScripts.parse(JSON.parse(manifest.toString()));
    const own = async (owner: string): Promise<void> => {
      await commands.run({
        argv: ["chown", "--recursive", "--no-dereference", owner, join(tree, inside)],
        timeoutMs: STEP_TIMEOUT_MS,
      });
    };
    await own("1000:1000");
    for (const script of INSTALL_SCRIPTS.flatMap((step) => scripts[step] ?? [])) {
      await commands.run({
        argv: confinedArgv(buildDir, tree, installScriptArgv(inside, script)),
        timeoutMs: STEP_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
    }
    await own("0:0");
  }
}
