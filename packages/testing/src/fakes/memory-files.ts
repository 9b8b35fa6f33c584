/**
 * A file system in memory behind the Files port: the same results and the same refusals (missing
 * parents, existing files) as the real one, as far as the product depends on them.
 */
import { dirname } from "node:path";
import { sha256, type FileFacts, type Files, type WriteOptions } from "@mvm/core";

/** All of it is one file system. */
const DEVICE = 1;

interface Node {
  readonly kind: "file" | "directory";
  readonly contents: Buffer;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: number;
}

export interface MemoryFilesOptions {
  /** Directories that are tmpfs, with all below them. */
  readonly tmpfs?: readonly string[];
}

export class MemoryFiles implements Files {
  readonly #nodes = new Map<string, Node>([["/", directory(0o755, 1)]]);
  readonly #tmpfs: readonly string[];
  /** Bytes that the disk has left, whatever is written. */
  free = 2 ** 40;
  #inodes = 1;

  constructor({ tmpfs = [] }: MemoryFilesOptions = {}) {
    this.#tmpfs = tmpfs;
  }

  /** Every path there is, sorted. */
  paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }

  /** The contents of a file that must be there. */
  contentsOf(path: string): Buffer {
    const node = this.#nodes.get(path);
    if (node?.kind !== "file") throw systemError("ENOENT", path);
    return node.contents;
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const node = this.#nodes.get(path);
    if (node === undefined) return null;
    if (node.contents.length > maxBytes) throw new Error(`${path} holds more than ${maxBytes} bytes`);
    return node.contents;
  }

  async readTail(path: string, maxBytes: number): Promise<Buffer | null> {
    const contents = this.#nodes.get(path)?.contents ?? null;
    return contents === null ? null : contents.subarray(Math.max(0, contents.length - maxBytes));
  }

  async writeAtomic(path: string, contents: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
    this.#expectParent(path);
    this.#put(path, { ...this.#file(options), contents: Buffer.from(contents as Uint8Array) });
  }

  async createSparse(path: string, sizeBytes: number, options: WriteOptions = {}): Promise<void> {
    this.#expectParent(path);
    if (this.#nodes.has(path)) throw systemError("EEXIST", path);
    this.#put(path, { ...this.#file(options), sizeBytes });
  }

  async ensureDir(path: string, options: WriteOptions = {}): Promise<void> {
    for (let at = path; at !== "/"; at = dirname(at)) {
      const node = this.#nodes.get(at);
      if (node?.kind === "file") throw systemError("ENOTDIR", at);
      if (node === undefined) this.#put(at, directory(0o755, (this.#inodes += 1)));
    }
    const { mode, uid, gid } = this.#expect(path);
    this.#put(path, {
      ...this.#expect(path),
      mode: options.mode ?? mode,
      uid: options.uid ?? uid,
      gid: options.gid ?? gid,
    });
  }

  async stat(path: string): Promise<FileFacts | null> {
    const node = this.#nodes.get(path);
    if (node === undefined) return null;
    const { kind, mode, uid, gid, inode, contents, sizeBytes } = node;
    return {
      kind,
      mode,
      uid,
      gid,
      device: DEVICE,
      inode,
      links: [...this.#nodes.values()].filter((other) => other.inode === inode).length,
      sizeBytes: Math.max(sizeBytes, contents.length),
      allocatedBytes: contents.length,
      modifiedAtMs: 0,
      changedAtMs: 0,
    };
  }

  async list(path: string): Promise<readonly string[]> {
    const prefix = path === "/" ? "/" : `${path}/`;
    return this.paths()
      .filter((candidate) => candidate !== "/" && candidate.startsWith(prefix))
      .map((candidate) => candidate.slice(prefix.length))
      .filter((name) => !name.includes("/"));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#expectParent(to);
    this.#put(to, this.#expect(from));
    this.#nodes.delete(from);
  }

  async link(from: string, to: string): Promise<void> {
    this.#expectParent(to);
    if (this.#nodes.has(to)) throw systemError("EEXIST", to);
    this.#put(to, this.#expect(from));
  }

  async sync(path: string): Promise<void> {
    this.#expect(path);
  }

  async chown(path: string, uid: number, gid: number): Promise<void> {
    this.#put(path, { ...this.#expect(path), uid, gid });
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#put(path, { ...this.#expect(path), mode });
  }

  async erase(path: string): Promise<void> {
    await this.remove(path);
  }

  async remove(path: string): Promise<void> {
    for (const candidate of this.paths()) {
      if (candidate === path || candidate.startsWith(`${path}/`)) this.#nodes.delete(candidate);
    }
  }

  async sha256(path: string): Promise<string> {
    return sha256(this.contentsOf(path));
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }

  async isTmpfs(path: string): Promise<boolean> {
    return this.#tmpfs.some((dir) => path === dir || path.startsWith(`${dir}/`));
  }

  #file({ mode = 0o600, uid = 0, gid = 0 }: WriteOptions): Node {
    return { kind: "file", contents: Buffer.alloc(0), sizeBytes: 0, mode, uid, gid, inode: (this.#inodes += 1) };
  }

  #put(path: string, node: Node): void {
    this.#nodes.set(path, node);
  }

  #expect(path: string): Node {
    const node = this.#nodes.get(path);
    if (node === undefined) throw systemError("ENOENT", path);
    return node;
  }

  #expectParent(path: string): void {
    if (this.#nodes.get(dirname(path))?.kind !== "directory") throw systemError("ENOENT", path);
  }
}

function directory(mode: number, inode: number): Node {
  return { kind: "directory", contents: Buffer.alloc(0), sizeBytes: 0, mode, uid: 0, gid: 0, inode };
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
