/**
 * Writes a cpio archive in the "newc" form, which the kernel unpacks as its initial root. Pure and
 * reproducible: everything belongs to root, times and inode numbers depend on the entries alone.
 *
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 */

export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly contents: Buffer }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
const typeBits = { directory: 0o040_755, symlink: 0o120_777 };
const FILE_BITS = 0o100_000;

/** @param entries paths without a leading slash, every directory before what lies in it */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry.path, index + 1, dataOf(entry)));
  return Buffer.concat([...members, member(TRAILER, 0, { mode: 0, links: 1, contents: Buffer.alloc(0) })]);
}

interface MemberData {
  readonly mode: number;
  readonly links: number;
  readonly contents: Buffer;
}

function dataOf(entry: CpioEntry): MemberData {
  switch (entry.kind) {
    case "directory":
      return { mode: typeBits.directory, links: 2, contents: Buffer.alloc(0) };
    case "symlink":
      return { mode: typeBits.symlink, links: 1, contents: Buffer.from(entry.target) };
    case "file":
      return { mode: FILE_BITS | entry.mode, links: 1, contents: entry.contents };
  }
}

function member(path: string, inode: number, { mode, links, contents }: MemberData): Buffer {
  const name = Buffer.from(`${path}\0`);
  const uid = 0;
  const gid = 0;
  const modifiedAt = 0;
  const [devMajor, devMinor, rdevMajor, rdevMinor] = [0, 0, 0, 0];
  const checksum = 0;
  const fields = [
    inode,
    mode,
    uid,
    gid,
    links,
    modifiedAt,
    contents.length,
    devMajor,
    devMinor,
    rdevMajor,
    rdevMinor,
    name.length,
    checksum,
  ];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(contents)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
