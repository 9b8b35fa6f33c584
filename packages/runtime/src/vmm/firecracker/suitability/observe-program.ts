/**
 * What there is of a program on this host: its file, who may change it, what it calls itself. Runs nothing but
 * `--version`, and that only of what nobody but root can exchange: it runs as root.
 */
import { dirname } from "node:path";
import { isMvmError, type CommandRunner, type Files } from "@mvm/core";
import { isStaticProgram } from "./static-program.ts";

const TIMEOUT_MS = 10_000;
const MAX_PROGRAM_BYTES = 256 * 1024 * 1024;
const MAX_PRINTED_BYTES = 64 * 1024;
const STICKY = 0o1000;
const GROUP_OR_OTHERS_WRITE = 0o022;

export interface ProgramFacts {
  /** As configured. */
  readonly path: string;
  /** What the path leads to; null when there is nothing. */
  readonly file: ProgramFile | null;
  /** What `--version` printed; null when it does not run. */
  readonly printed: string | null;
}

export interface ProgramFile {
  /** Links followed. */
  readonly realPath: string;
  /** Whether the configured path itself is a link. */
  readonly isLink: boolean;
  readonly uid: number;
  readonly mode: number;
  readonly isStatic: boolean;
  /** The directory on its way that somebody else than root may change; null when there is none. */
  readonly replaceableIn: string | null;
}

export interface ProgramPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

export async function observeProgram(ports: ProgramPorts, path: string): Promise<ProgramFacts> {
  const file = await observeFile(ports, path);
  if (file === null) return { path, file, printed: null };
  // What others than root can write is not run by root, not even for its version.
  const isRoots = file.uid === 0 && (file.mode & GROUP_OR_OTHERS_WRITE) === 0 && file.replaceableIn === null;
  return { path, file, printed: isRoots ? await outputOf(ports, [path, "--version"]) : null };
}

async function observeFile(ports: ProgramPorts, path: string): Promise<ProgramFile | null> {
  const { files } = ports;
  const realPath = (await outputOf(ports, ["realpath", "--canonicalize-existing", "--", path]))?.trim() ?? null;
  const facts = realPath === null ? null : await files.stat(realPath);
  if (realPath === null || facts?.kind !== "file") return null;
  const contents = await files.read(realPath, MAX_PROGRAM_BYTES);
  return {
    realPath,
    isLink: (await files.stat(path))?.kind === "symlink",
    uid: facts.uid,
    mode: facts.mode,
    isStatic: contents !== null && isStaticProgram(contents),
    replaceableIn: (await foreignDirectory(files, realPath)) ?? (await foreignDirectory(files, path)),
  };
}

/** The deepest directory above a file in which somebody else than root could put another one in its place. */
async function foreignDirectory(files: Files, path: string): Promise<string | null> {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const facts = await files.stat(directory);
    // A link's own rights mean nothing; where it leads is looked at by the real path.
    if (facts?.kind === "directory") {
      // In a sticky directory only a file's owner renames it.
      const isShared = (facts.mode & GROUP_OR_OTHERS_WRITE) !== 0 && (facts.mode & STICKY) === 0;
      if (facts.uid !== 0 || isShared) return directory;
    }
    if (directory === dirname(directory)) return null;
  }
}

async function outputOf({ commands }: ProgramPorts, argv: readonly [string, ...string[]]): Promise<string | null> {
  try {
    return (await commands.run({ argv, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_PRINTED_BYTES })).stdout;
  } catch (error) {
    if (isMvmError(error)) return null;
    throw error;
  }
}
