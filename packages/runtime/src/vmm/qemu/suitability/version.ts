/** QEMU's version: read from `--version`, compared where options changed their names. Pure. */

export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
  /** As printed, such as `7.2.22`. */
  readonly text: string;
}

/** The oldest version that this driver was made for. */
export const OLDEST_QEMU = "7.2";

/** From the first line of `qemu-system-x86_64 --version`; null when it says something else. */
export function parseQemuVersion(output: string): QemuVersion | null {
  const [, text, major, minor] = /^QEMU emulator version ((\d+)\.(\d+)[.\d]*)/.exec(output) ?? [];
  return text === undefined ? null : { text, major: Number(major), minor: Number(minor) };
}

/** Whether `version` is `than` (`major.minor`) or newer. */
export function isAtLeast(version: QemuVersion, than: string): boolean {
  const [major = 0, minor = 0] = than.split(".").map(Number);
  return version.major > major || (version.major === major && version.minor >= minor);
}
