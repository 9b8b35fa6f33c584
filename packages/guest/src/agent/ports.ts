/**
 * What the agent inside the guest needs of its machine, beside core's ports for files and time.
 * Implemented by agent/adapters for a Linux guest, and by plain objects in tests.
 */
export interface BoundedCommand {
  readonly argv: readonly [string, ...string[]];
  /** The command is killed at its end. */
  readonly timeoutMs: number;
  /** Standard output beyond this is not waited for: the command is killed and what came is returned. */
  readonly maxOutputBytes: number;
  /** Likewise, in whole lines. */
  readonly maxLines?: number;
}

export interface CommandOutcome {
  /** Exit code; null when it was killed or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** The first 4 KiB of standard error, or why it could not be started. */
  readonly stderr: string;
  /** Whether output was cut at one of the bounds. */
  readonly truncated: boolean;
}

export interface BoundedCommands {
  /** Never rejects: whatever happens to the command is its outcome. */
  run(command: BoundedCommand): Promise<CommandOutcome>;
}
