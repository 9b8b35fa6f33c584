/** Plain file operations by node:fs: the host adapter of the port in vmm/ports/raw-files.ts. */
import type { Stats } from "node:fs";
import { readlink, rename, rmdir, stat, writeFile } from "node:fs/promises";
import type { FileIdentity, RawFiles } from "../vmm/ports/raw-files.ts";

/** No such file; not a directory on the way; no such process; its file is closed. */
const GONE_CODES: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ESRCH"]);

export function createRawFiles(): RawFiles {
  return {
    identify: (path) => orNull(stat(path).then(identityOf)),
    readLink: (path) => orNull(readlink(path)),
    write: (path, text) => writeFile(path, text),
    rename: (from, to) => rename(from, to),
    removeDir: async (path) => void (await orNull(rmdir(path))),
  };
}

function identityOf(stats: Stats): FileIdentity {
  const { dev, ino, rdev, uid, gid, mode } = stats;
  return { kind: kindOf(stats), device: dev, inode: ino, rdev, uid, gid, mode: mode & 0o7777 };
}

function kindOf(stats: Stats): FileIdentity["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isBlockDevice()) return "block";
  if (stats.isCharacterDevice()) return "char";
  if (stats.isFIFO()) return "fifo";
  return stats.isSocket() ? "socket" : "other";
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && GONE_CODES.has(error.code)) return null;
    throw error;
  }
}
