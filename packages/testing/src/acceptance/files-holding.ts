/** Finds every file below a directory that holds a marker, whatever its size: `grep -rl` over raw bytes. */
import { execFile } from "node:child_process";

/** @returns paths, sorted; sockets and devices are not read */
export function filesHolding(dir: string, marker: string): Promise<readonly string[]> {
  return new Promise((done, fail) => {
    execFile("grep", ["-rlaF", "--devices=skip", "-e", marker, dir], { maxBuffer: 4 << 20 }, (error, stdout) => {
      // Exit code 1: nothing found.
      if (error !== null && error.code !== 1) fail(error);
      else done(stdout.split("\n").filter((line) => line !== "").sort());
    });
  });
}
