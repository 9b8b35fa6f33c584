/**
 * The port to the host's file system, only what the product needs of it.
 *
 * All paths are absolute. Missing files are results (`null`, no-op), other failures throw Node's
 * own system errors, which callers wrap where they know what was being done.
 */

export interface FileFacts {
  readonly kind: "file" | "directory" | "symlink" | "socket" | "block" | "char" | "fifo";
  readonly sizeBytes: number;
  /** What it takes on the disk: less than its size when it is sparse. */
  readonly allocatedBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Number of the file system's device, within which `inode` is one file's. */
  readonly device: number;
  readonly inode: number;
  /** How many names the file has. */
  readonly links: number;
  readonly modifiedAtMs: number;
  readonly changedAtMs: number;
}

export interface WriteOptions {
  /** Permission bits, default 0o600. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Files {
  /** Contents, or null when missing; more than `maxBytes` throws. */
  read(path: string, maxBytes: number): Promise<Buffer | null>;
  /** The last `maxBytes` of it, all when it holds less; null when missing. */
  readTail(path: string, maxBytes: number): Promise<Buffer | null>;
  /** Replaces atomically: temporary file, fsync, rename, fsync of the directory. */
  writeAtomic(path: string, contents: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Creates a sparse file of that size; an existing one is an error. */
  createSparse(path: string, sizeBytes: number, options?: WriteOptions): Promise<void>;
  /** Creates the directory and its parents; sets the mode and owner on the last one. */
  ensureDir(path: string, options?: WriteOptions): Promise<void>;
  /** lstat, or null when missing. */
  stat(path: string): Promise<FileFacts | null>;
  /** Names in a directory, sorted; empty when missing. */
  list(path: string): Promise<readonly string[]>;
  /** Durable when it resolves. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file, on the same file system; an existing name is an error. Not durable before `sync` of the directory. */
  link(from: string, to: string): Promise<void>;
  /** Puts a file's contents on stable storage, also what was written through a mapping; of a directory its names. */
  sync(path: string): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Removes a file or a whole tree; missing is fine. Does not follow symbolic links. */
  remove(path: string): Promise<void>;
  /** Overwrites a file in place, then removes it; durable when it resolves, missing is fine. For keys. */
  erase(path: string): Promise<void>;
  /** SHA-256 of a file's contents, hexadecimal. */
  sha256(path: string): Promise<string>;
  /** Bytes free for root on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
  /** Whether `path` lies on a tmpfs (or ramfs). */
  isTmpfs(path: string): Promise<boolean>;
}
