/** Commands inside the guest: argv without a shell, a deadline, and bounds on what is taken of the output. */
import { spawn } from "node:child_process";
import type { BoundedCommand, BoundedCommands, CommandOutcome } from "../ports.ts";

const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };
const MAX_STDERR_BYTES = 4096;

export const boundedCommands: BoundedCommands = { run };

function run(command: BoundedCommand): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const [program, ...args] = command.argv;
    const child = spawn(program, args, {
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: command.timeoutMs,
      killSignal: "SIGKILL",
    });
    const out = collect(command.maxOutputBytes, command.maxLines ?? Number.POSITIVE_INFINITY);
    const err = collect(MAX_STDERR_BYTES, Number.POSITIVE_INFINITY);
    child.stdout.on("data", (chunk: Buffer) => {
      if (!out.take(chunk)) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk: Buffer) => void err.take(chunk));
    child.on("error", (error) => resolve({ code: null, stdout: "", stderr: error.message, truncated: false }));
    child.on("close", (code) => resolve({ code, stdout: out.text(), stderr: err.text(), truncated: out.cut() }));
  });
}

interface Collected {
  /** Keeps what fits; false once a bound is passed. */
  take(chunk: Buffer): boolean;
  cut(): boolean;
  text(): string;
}

function collect(maxBytes: number, maxLines: number): Collected {
  const kept: Buffer[] = [];
  let bytes = 0;
  let lines = 0;
  let cut = false;
  return {
    take(chunk) {
      const room = maxBytes - bytes;
      const part = chunk.subarray(0, Math.max(0, room));
      kept.push(part);
      bytes += part.length;
      for (const byte of part) if (byte === 0x0a) lines += 1;
      cut ||= part.length < chunk.length || lines > maxLines;
      return !cut;
    },
    cut: () => cut,
    text: () => Buffer.concat(kept).toString("utf8"),
  };
}
