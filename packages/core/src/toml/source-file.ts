/**
 * Reads a text file that a person wrote, with every way in which that can fail as a catalogued
 * error: size, kind, permissions, encoding. Called by the readers of config, types and fleet files.
 */
import { relative, sep } from "node:path";
import { isMvmError, MvmError } from "../errors/mvm-error.ts";
import { sha256 } from "../hash.ts";
import type { Files } from "../ports/files.ts";

const MAX_BYTES = 1024 * 1024;

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** The path as it is shown to people, see `shownPath`. */
  readonly shownAs: string;
  readonly text: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly bytesHash: string;
}

/** `./…` for what lies below the current directory, else, and in `/`, which everything lies below, the absolute path. */
export function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return cwd === sep || below === "" || below === ".." || below.startsWith(`..${sep}`) ? path : `.${sep}${below}`;
}

/**
 * The file's text, or null when nothing is there.
 * @throws MvmError MVM_CONFIG_UNREADABLE
 */
export async function readSourceFile(files: Files, path: string, shownAs: string): Promise<SourceFile | null> {
  const facts = await files.stat(path).catch((cause: unknown) => {
    throw unreadable(shownAs, systemReason(cause), cause);
  });
  if (facts === null) return null;
  if (facts.kind !== "file" && facts.kind !== "symlink") {
    throw unreadable(shownAs, facts.kind === "directory" ? "it is a directory" : `it is no file but a ${facts.kind}`);
  }
  const bytes = await files.read(path, MAX_BYTES).catch((cause: unknown) => {
    throw unreadable(shownAs, isMvmError(cause) ? "it is larger than 1 MiB" : systemReason(cause), cause);
  });
  if (bytes === null) throw unreadable(shownAs, "it is a symbolic link to nothing");
  return { path, shownAs, text: decodeUtf8(bytes, shownAs), bytesHash: sha256(bytes) };
}

function decodeUtf8(bytes: Buffer, shownAs: string): string {
  if (bytes.length > MAX_BYTES) throw unreadable(shownAs, "it is larger than 1 MiB");
  if (bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) {
    throw unreadable(shownAs, "it begins with a byte-order mark: save it as UTF-8 without one");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(shownAs, `it is not UTF-8 at line ${lineOfBadByte(bytes)}`, cause);
  }
}

/** The first line that is not UTF-8 by itself; a line feed never lies inside a character. */
function lineOfBadByte(bytes: Buffer): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, end === -1 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end === -1) return line;
    start = end + 1;
  }
}

function systemReason(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "it is a directory",
    ELOOP: "its symbolic links lead in a circle",
    ENAMETOOLONG: "its path is too long",
  };
  return reasons[code] ?? `the system says ${code === "" ? "no" : code}`;
}

function unreadable(shownAs: string, reason: string, cause?: unknown): MvmError {
  return new MvmError("MVM_CONFIG_UNREADABLE", {
    message: `can't read ${shownAs}: ${reason}`,
    cause,
    details: { file: shownAs, reason },
  });
}
