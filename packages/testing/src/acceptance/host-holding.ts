/**
 * Finds a marker where the product must never put it, outside its own directories: the arguments and
 * the environment of every process of this host, and new files where programs leave things behind.
 */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";

const OPEN_DIRS = ["/tmp", "/var/tmp", "/var/log"];
const MAX_OUTPUT_BYTES = 64 << 20;
/** Paths in one call of grep, far below what a command line may hold. */
const FILES_A_CALL = 256;

export interface HostSearch {
  /** Of this run only: an old run's leavings are no finding. */
  readonly marker: string;
  /** Files that were last written before are left out. */
  readonly since: Date;
  /** Directories that are not searched. */
  readonly except: readonly string[];
  /** Where files are searched. */
  readonly dirs?: readonly string[];
}

/** @returns paths, sorted; those of processes are `/proc/PID/cmdline` and `/proc/PID/environ` */
export async function hostHolding(search: HostSearch): Promise<readonly string[]> {
  // One after the other: the marker stands in grep's own arguments.
  const inProcesses = await processesHolding(search.marker);
  return [...inProcesses, ...(await newFilesHolding(search))].toSorted();
}

async function processesHolding(marker: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const paths = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const found: string[] = [];
  for (const path of paths) {
    // What ends while it reads, or is another user's, is no finding.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    if (bytes.includes(marker)) found.push(path);
  }
  return found;
}

async function newFilesHolding({ marker, since, except, dirs = OPEN_DIRS }: HostSearch): Promise<readonly string[]> {
  const pruned = except.flatMap((dir) => ["-path", dir, "-prune", "-o"]);
  const newer = ["-type", "f", "-newermt", `@${since.getTime() / 1000}`, "-print0"];
  const listed = (await outputOf("find", [...dirs, "-xdev", ...pruned, ...newer])).split("\0");
  const files = listed.filter((path) => path !== "");
  const found: string[] = [];
  for (let from = 0; from < files.length; from += FILES_A_CALL) {
    const some = files.slice(from, from + FILES_A_CALL);
    found.push(...(await outputOf("grep", ["-laFsZ", "-e", marker, "--", ...some])).split("\0"));
  }
  return found.filter((path) => path !== "");
}

/** Both programs end with 1 or 2 as well when there is nothing, or when a file goes while they read. */
function outputOf(program: "find" | "grep", argv: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const options = { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, LC_ALL: "C" } };
    execFile(program, argv, options, (error, stdout) => {
      if (error === null || error.code === 1 || error.code === 2) done(stdout);
      else fail(new Error(`${program} can't search the host`, { cause: error }));
    });
  });
}
