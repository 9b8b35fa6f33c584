/**
 * The file port over node:fs. A host adapter: the only place where core touches the disk.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, chown, link, lstat, mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MvmError } from "../errors/mvm-error.ts";
import type { FileFacts, Files, WriteOptions } from "../ports/files.ts";

const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;
/** The unit of `st_blocks`, whatever the file system's own is (stat(2)). */
const STAT_BLOCK_BYTES = 512;
/** How much is asked for where the size is not known. */
const CHUNK_BYTES = 16 * 1024;

/** The files of this machine. Stateless. */
export const nodeFiles: Files = {
  async read(path, maxBytes) {
    const handle = await openOrNull(path);
    if (handle === null) return null;
    try {
      const contents = await readAtMost(handle, maxBytes + 1);
      if (contents.length > maxBytes)
        throw new MvmError("MVM_INTERNAL", { message: `${path} holds more than ${maxBytes} bytes` });
      return contents;
    } finally {
      await handle.close();
    }
  },

  async readTail(path, maxBytes) {
    const handle = await openOrNull(path);
    if (handle === null) return null;
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, maxBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  },

  async writeAtomic(path, contents, options = {}) {
    const directory = dirname(path);
    const temporary = join(directory, `.${basename(path)}.${process.pid}.tmp`);
    await rm(temporary, { force: true });
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(contents);
      await applyOwnership(handle, options);
      await handle.sync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncPath(directory);
  },

  async createSparse(path, sizeBytes, options = {}) {
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.truncate(sizeBytes);
      await applyOwnership(handle, options);
    } finally {
      await handle.close();
    }
  },

  async ensureDir(path, options = {}) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    if (options.mode !== undefined) await chmod(path, options.mode);
    if (options.uid !== undefined || options.gid !== undefined) await chown(path, options.uid ?? -1, options.gid ?? -1);
  },

  async stat(path) {
    try {
      return factsOf(await lstat(path));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },

  async list(path) {
    try {
      return (await readdir(path)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },

  async rename(from, to) {
    await rename(from, to);
    await syncPath(dirname(to));
  },
  link: (from, to) => link(from, to),
  sync: syncPath,
  chown: (path, uid, gid) => chown(path, uid, gid),
  chmod: (path, mode) => chmod(path, mode),
  remove: (path) => rm(path, { recursive: true, force: true }),

  async erase(path) {
    const handle = await openOrNull(path, "r+");
    if (handle === null) return;
    try {
      const { size } = await handle.stat();
      await handle.write(Buffer.alloc(size), 0, size, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rm(path, { force: true });
    await syncPath(dirname(path));
  },

  async sha256(path) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return hash.digest("hex");
  },

  async freeBytes(path) {
    const facts = await statfs(path);
    return facts.bfree * facts.bsize;
  },

  async isTmpfs(path) {
    const { type } = await statfs(path);
    return type === TMPFS_MAGIC || type === RAMFS_MAGIC;
  },
};

type Handle = Awaited<ReturnType<typeof open>>;

async function applyOwnership(handle: Handle, options: WriteOptions): Promise<void> {
  if (options.uid !== undefined || options.gid !== undefined) await handle.chown(options.uid ?? -1, options.gid ?? -1);
  await handle.chmod(options.mode ?? 0o600);
}

async function openOrNull(path: string, flags: "r" | "r+" = "r"): Promise<Handle | null> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** By what comes, not by the size that a file claims: those of /proc claim none, and a pipe or a device has none. */
async function readAtMost(handle: Handle, maxBytes: number): Promise<Buffer> {
  const { size } = await handle.stat();
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < maxBytes) {
    const wanted = Math.min(Math.max(size - length, CHUNK_BYTES), maxBytes - length);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, null);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function factsOf(stat: Awaited<ReturnType<typeof lstat>>): FileFacts {
  return {
    kind: kindOf(stat),
    sizeBytes: Number(stat.size),
    allocatedBytes: Number(stat.blocks) * STAT_BLOCK_BYTES,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    device: Number(stat.dev),
    inode: Number(stat.ino),
    links: Number(stat.nlink),
    modifiedAtMs: Number(stat.mtimeMs),
    changedAtMs: Number(stat.ctimeMs),
  };
}

function kindOf(stat: Awaited<ReturnType<typeof lstat>>): FileFacts["kind"] {
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isSocket()) return "socket";
  if (stat.isBlockDevice()) return "block";
  if (stat.isCharacterDevice()) return "char";
  if (stat.isFIFO()) return "fifo";
  return "file";
}
