/** What tests read of the host itself: a program's lines, the processes that run. */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { promisify } from "node:util";

const MAX_OUTPUT_BYTES = 16 << 20;

/** Its lines on stdout without the empty ones; rejects when it fails. */
export async function outputLines(program: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(program, [...args], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.split("\n").filter((line) => line !== "");
}

export interface HostProcess {
  readonly pid: number;
  /** Real, effective, saved and file system uid. */
  readonly uids: readonly number[];
  /** Joined by spaces; empty for a thread of the kernel. */
  readonly argv: string;
}

/** All processes of the host; those that end while it reads, or that have ended and wait for init's note, are left out. */
export async function processes(): Promise<readonly HostProcess[]> {
  const found: HostProcess[] = [];
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = await readFile(`/proc/${name}/status`, "utf8");
      if (/^State:\s+Z/m.test(status)) continue;
      const argv = (await readFile(`/proc/${name}/cmdline`, "utf8")).replaceAll("\0", " ");
      const uids = (/^Uid:\s+(.*)$/m.exec(status)?.[1] ?? "").split(/\s+/).map(Number);
      found.push({ pid: Number(name), uids, argv });
    } catch {
      // It has ended.
    }
  }
  return found;
}
