/**
 * The contract of the small drives (config, secrets): a file tree that becomes a read-only ext4
 * image, bit for bit the same from the same tree, label and UUID, without mounting anything.
 */

export interface DriveFile {
  /** Relative path, `/`-separated; directories are made as needed (0755, root). */
  readonly path: string;
  readonly contents: string | Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface DriveImageRequest {
  readonly label: "mvm-config" | "mvm-secrets";
  /** UUID of the file system: fixed for an instance and drive. */
  readonly uuid: string;
  readonly files: readonly DriveFile[];
  /** Where the image goes, root's alone; replaced atomically. A VMM gets it opened, or as a link of its jail. */
  readonly outputPath: string;
  /** An empty directory for the tree while it is being made; on tmpfs when the files are secret. Removed afterwards. */
  readonly scratchDir: string;
}

export interface DriveImages {
  /** @throws MvmError MVM_DRIVE_BUILD_FAILED; then `outputPath` is as it was */
  write(request: DriveImageRequest): Promise<{ readonly sizeBytes: number; readonly sha256: string }>;
}
