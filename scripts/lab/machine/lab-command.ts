/**
 * Runs one program for the lab: quietly, or streamed to the terminal. Called by every part of
 * scripts/lab that does something; never through a shell of this host.
 */
import { spawn } from "node:child_process";

const KEPT_OUTPUT = 20_000;

export interface CommandOptions {
  readonly timeoutMs: number;
  /** Written to its standard input; without it there is none. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes as it comes; without it it is kept for the result and for the error. */
  readonly stream?: NodeJS.WritableStream;
}

/** How a program ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  /** The last of both outputs, for an error. */
  readonly tail: string;
}

/** Runs it to its end, whatever its exit code. @throws Error when it can't be started or takes too long */
export async function runToEnd(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs, input, env = {}, stream }: CommandOptions,
): Promise<CommandEnd> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, tail, isLate] = ["", "", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += stream === undefined ? text : "";
  });
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-KEPT_OUTPUT);
      stream?.write(text);
    });
  }
  // A program that doesn't read all of it says so by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const deadline = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve(status ?? 1));
    });
    if (isLate) throw new Error(`${program} took longer than ${timeoutMs / 1000} s\n${tail}`);
    return { code, stdout, tail };
  } finally {
    clearTimeout(deadline);
  }
}

/** Its standard output. @throws Error with what it printed when it fails */
export async function runOrThrow(argv: readonly [string, ...string[]], options: CommandOptions): Promise<string> {
  const { code, stdout, tail } = await runToEnd(argv, options);
  if (code !== 0) throw new Error(`${argv.slice(0, 3).join(" ")} … ended with ${code}\n${tail}`);
  return stdout;
}
