/**
 * What a command may use of the machine: ports, made by the composition root for the program and
 * by tests for themselves. Commands import no host API.
 */
import type { Clock, Files } from "@mvm/core";

export type TextStyle = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A text stream to people or to another program. */
export interface Output {
  write(text: string): void;
  /** Whether a person's terminal is behind it. */
  readonly isTty: boolean;
  /** Width of the terminal; infinite where there is none. */
  columns(): number;
  /** Height of the terminal; infinite where there is none. */
  rows(): number;
  /** The text in that style, or unchanged where styles are not wanted (NO_COLOR, no terminal). */
  style(style: TextStyle, text: string): string;
}

export interface Input {
  readonly isTty: boolean;
  /** All of standard input; more than `maxBytes` throws MVM_USAGE. */
  readAll(maxBytes: number): Promise<Buffer>;
  /** Asks on the terminal; the answer without its line end. A hidden answer is not shown while it is typed. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
}

/** What every command line needs, before any command's code is loaded. */
export interface CliStreams {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Whoever started this program as a service, if anybody did. */
export interface ServiceManager {
  /** How often it wants to hear that the program is alive; null: it doesn't ask. */
  readonly aliveEveryMs: number | null;
  /** Rejects when it can't be told. */
  readonly tell: (word: "READY" | "WATCHDOG" | "STOPPING") => Promise<void>;
}

/** The machine as a command finds it. */
export interface MachineContext extends CliStreams {
  /** Absolute. */
  readonly cwd: string;
  readonly isRoot: boolean;
  /** Who the machine says asks: SUDO_USER, login uid, else the user. A claim, for the audit. */
  readonly claimedBy: string;
  readonly stdin: Input;
  readonly clock: Clock;
  readonly files: Files;
  readonly serviceManager: ServiceManager;
}

export interface CliContext extends MachineContext {
  /** Called right before a change is sent to a server: from then on stopping the command stops nothing. */
  readonly noteChange: () => void;
}
