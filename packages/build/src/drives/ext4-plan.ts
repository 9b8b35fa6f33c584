/**
 * Pure builders for the small drives: the size of the file system, the argv of mke2fs and the
 * debugfs script that makes its bytes depend on nothing but the files (no times, no owners of the
 * staging tree). Used by `drive-images.ts`; never touches the disk.
 *
 * mke2fs 1.47 copies the staging tree's times and ignores SOURCE_DATE_EPOCH, hence the script.
 */
import { MvmError } from "@mvm/core";
import type { DriveFile, DriveImageRequest } from "./drive-image.ts";

/** Every time in the image, seconds since 1970: any constant but 0, which ext4 reads as "never". */
export const IMAGE_TIME_SECONDS = 1;

const MIB = 1024 * 1024;
const BLOCK_BYTES = 1024;
const SAFE_PATH = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** Directories that `files` need, parents first. */
export function directoriesOf(files: readonly DriveFile[]): readonly string[] {
  const found = new Set<string>();
  for (const file of files) {
    const parts = file.path.split("/").slice(0, -1);
    parts.forEach((_, index) => found.add(parts.slice(0, index + 1).join("/")));
  }
  return [...found].sort();
}

/**
 * Refuses paths that could leave the tree or break the debugfs script, and paths given twice.
 * @throws MvmError MVM_DRIVE_BUILD_FAILED
 */
export function checkDriveFiles(files: readonly DriveFile[]): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    if (!SAFE_PATH.test(path))
      throw new MvmError("MVM_DRIVE_BUILD_FAILED", {
        message: `a drive can't hold a file named ${JSON.stringify(path)}`,
      });
    if (seen.has(path)) throw new MvmError("MVM_DRIVE_BUILD_FAILED", { message: `a drive was given ${path} twice` });
    seen.add(path);
  }
}

/** Size of the file system in whole MiB: contents in blocks, one block an entry, and a fixed part. */
export function driveSizeMib(files: readonly DriveFile[]): number {
  const contentBytes = files.reduce(
    (sum, file) => sum + Math.ceil(Buffer.byteLength(file.contents) / BLOCK_BYTES) * BLOCK_BYTES,
    0,
  );
  const entryBytes = (files.length + directoriesOf(files).length) * 2 * BLOCK_BYTES;
  return 1 + Math.ceil((contentBytes + entryBytes) / MIB);
}

/** Argv of mke2fs. The UUID also seeds the directory hash, so that the layout is fixed. */
export function mke2fsArgv(
  request: DriveImageRequest,
  treeDir: string,
  imagePath: string,
): readonly [string, ...string[]] {
  const features = "^has_journal,^resize_inode,^orphan_file,^metadata_csum_seed";
  const extended = `hash_seed=${request.uuid},lazy_itable_init=0,nodiscard,root_owner=0:0`;
  return [
    ...([
      "mke2fs",
      "-q",
      "-F",
      "-t",
      "ext4",
      "-O",
      features,
      "-b",
      String(BLOCK_BYTES),
      "-I",
      "256",
      "-m",
      "0",
    ] as const),
    ...[
      "-L",
      request.label,
      "-U",
      request.uuid,
      "-E",
      extended,
      "-d",
      treeDir,
      imagePath,
      `${driveSizeMib(request.files)}M`,
    ],
  ];
}

/** The debugfs script that sets owner and times of every file and directory. */
export function debugfsScript(files: readonly DriveFile[]): string {
  const owned = [
    ...directoriesOf(files).map((path) => ({ path, uid: 0, gid: 0 })),
    ...files.map(({ path, uid, gid }) => ({ path, uid, gid })),
  ];
  const lines = owned.flatMap(({ path, uid, gid }) => [
    ...["ctime", "atime", "mtime", "crtime"].map((field) => `set_inode_field /${path} ${field} @${IMAGE_TIME_SECONDS}`),
    `set_inode_field /${path} uid ${uid}`,
    `set_inode_field /${path} gid ${gid}`,
  ]);
  return `${lines.join("\n")}\n`;
}
