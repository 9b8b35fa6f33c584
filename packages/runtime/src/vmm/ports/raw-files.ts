/**
 * The port to plain file operations beyond core's: on file systems of the kernel and in jails, which
 * mean nothing after a power cut, so that nothing here is made durable. Implemented in host/; declared
 * here by its users.
 */

/** What a path leads to in the end, links followed; the same file is the same device and inode. */
export interface FileIdentity {
  readonly kind: "file" | "directory" | "block" | "char" | "fifo" | "socket" | "other";
  /** Number of the file system's device. */
  readonly device: number;
  readonly inode: number;
  /** Number of the device that a device node stands for, as `device` counts; else 0. */
  readonly rdev: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface RawFiles {
  /** Null when there is nothing (any more). */
  identify(path: string): Promise<FileIdentity | null>;
  /** Target of a symbolic link, of /proc's too; null when there is none (any more). */
  readLink(path: string): Promise<string | null>;
  /** Writes a file in one call, made when missing. */
  write(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes an empty directory, a control group among them; missing is fine. */
  removeDir(path: string): Promise<void>;
}
