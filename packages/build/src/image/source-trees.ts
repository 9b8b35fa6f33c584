/**
 * The project's files that go into images: hashed, to know whether a build is needed, and packed,
 * to be put onto a root as root's own with the modes that git keeps, whatever the checkout's umask
 * and owner were.
 */
import { join } from "node:path";
import { MvmError, hashOf, type CommandRequest, type CommandRunner, type Files } from "@mvm/core";
import { NPM_PROJECT_FILES } from "./npm/npm-tree.ts";

const TAR_TIMEOUT_MS = 10 * 60_000;

interface SourcePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/** The command that packs a directory's tree. Pure. */
export function packTreeRequest(directory: string, archivePath: string): CommandRequest {
  const fixed = ["--sort=name", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  return {
    argv: ["tar", ...fixed, `--file=${archivePath}`, `--directory=${directory}`, "--create", "."],
    timeoutMs: TAR_TIMEOUT_MS,
  };
}

/** The command that unpacks an archive onto a tree, following what links to directories there. Pure. */
export function unpackTreeRequest(archivePath: string, tree: string): CommandRequest {
  const faithful = [
    "--numeric-owner",
    "--same-permissions",
    "--xattrs",
    "--xattrs-include=*",
    "--keep-directory-symlink",
  ];
  return {
    argv: ["tar", ...faithful, `--file=${archivePath}`, `--directory=${tree}`, "--extract"],
    timeoutMs: TAR_TIMEOUT_MS,
  };
}

/**
 * A hash over names, contents, link targets and what is executable.
 * @throws MvmError MVM_IMAGE_BUILD_FAILED when there is no such directory, or it holds more than files and links
 */
export async function treeHash(directory: string, { commands, files }: SourcePorts): Promise<string> {
  if ((await files.stat(directory))?.kind !== "directory") {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `there is no directory ${directory}` });
  }
  const { stdout } = await commands.run({
    argv: ["find", directory, "-mindepth", "1", "-printf", "%y\\t%m\\t%P\\t%l\\n"],
    timeoutMs: TAR_TIMEOUT_MS,
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  const entries = await Promise.all(
    lines.map(async (line) => {
      const [kind, mode, path, target] = line.split("\t");
      if (kind === "d") return { path };
      if (kind === "l") return { path, target };
      if (kind !== "f" || mode === undefined || path === undefined) {
        throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
          message: `${join(directory, path ?? "")} is neither a file nor a link`,
        });
      }
      return {
        path,
        executable: (Number.parseInt(mode, 8) & 0o100) !== 0,
        sha256: await files.sha256(join(directory, path)),
      };
    }),
  );
  return hashOf(entries.toSorted((a, b) => ((a.path ?? "") < (b.path ?? "") ? -1 : 1)));
}

/** The hash of what npm reads of a project. */
export async function npmProjectHash(projectDir: string, files: Files): Promise<string> {
  const hashes = await Promise.all(
    NPM_PROJECT_FILES.map(async (name) => {
      const path = join(projectDir, name);
      return [name, (await files.stat(path)) === null ? null : await files.sha256(path)];
    }),
  );
  return hashOf(Object.fromEntries(hashes));
}
