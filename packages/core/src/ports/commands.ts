/**
 * The port through which host commands run. Implemented by runtime (Linux) and by testing's fakes.
 *
 * Commands are argv arrays, never shell strings. A secret must never stand in `argv` or `env`:
 * give it through `stdin` or a file.
 */

export interface CommandRequest {
  /** Program and arguments; the program is looked up in a fixed system PATH. */
  readonly argv: readonly [string, ...string[]];
  /** Deadline; the whole process group is killed at its end. */
  readonly timeoutMs: number;
  /** Written to standard input, which is then closed. */
  readonly stdin?: string | Uint8Array;
  /** Added to the small, fixed base environment (PATH, LC_ALL=C). */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Cap for each of stdout and stderr; more ends the command with an error. Default 4 MiB. */
  readonly maxOutputBytes?: number;
  /** Exit codes that count as success; default [0]. */
  readonly okCodes?: readonly number[];
  /** Called with each whole line of standard output and error, for progress. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one command to its end.
 * @throws MvmError MVM_HOST_COMMAND_FAILED (other exit code, signal, missing program, too much output), MVM_HOST_COMMAND_TIMEOUT
 */
export interface CommandRunner {
  run(request: CommandRequest): Promise<CommandResult>;
}
