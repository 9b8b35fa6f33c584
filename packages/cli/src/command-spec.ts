/**
 * Commands as data: names, arguments, options, examples, and where the code lies that runs them.
 * The tree is small and always loaded; a command's code is loaded when it is called, so that
 * `mvm --version` stays cheap.
 */
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { asTyped, WAIT_TIMEOUT_MS } from "./default-timeouts.ts";

/** Flags that mean the same wherever they appear. */
export const sharedFlags = {
  config: { flags: "--config <path>", summary: "configuration file (else ./mvm.toml, /etc/mvm/mvm.toml)" },
  json: { flags: "--json", summary: "print one JSON document on stdout, and no progress" },
  quiet: { flags: "--quiet", summary: "no progress on stderr" },
  yes: { flags: "--yes", summary: "don't ask before destroying" },
  noWait: { flags: "--no-wait", summary: "return at once, without waiting for the outcome" },
  timeout: {
    flags: "--timeout <duration>",
    summary: `how long to wait for the outcome, such as 90s or 10m (default ${asTyped(WAIT_TIMEOUT_MS)})`,
  },
} as const;
export type SharedFlag = keyof typeof sharedFlags;

export interface OptionSpec {
  /** Such as `--tenant <id>`. */
  readonly flags: string;
  readonly summary: string;
}

/** A command's code. It prints its result and throws whatever fails. */
export type Command = (context: CliContext, input: CommandInput) => Promise<void>;

export interface VerbSpec {
  readonly name: string;
  readonly summary: string;
  /** In commander's notation: `<instance>`, `[tenant]`. */
  readonly args?: readonly string[];
  readonly options?: readonly OptionSpec[];
  readonly shared: readonly SharedFlag[];
  /** What follows `mvm `. */
  readonly examples: readonly string[];
  /** What is said when it is interrupted; without it nothing is: it only looks. */
  readonly interrupted?: (input: CommandInput) => InterruptWords;
  readonly load: () => Promise<Command>;
}

export interface InterruptWords {
  /** As long as no change was sent to a server. */
  readonly before: string;
  /** Once one was. */
  readonly after: string;
}

export interface NounSpec {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly VerbSpec[];
}

/** A command without a noun, such as `mvm quickstart`. */
export type PlainSpec = VerbSpec;

/** Flags of a command that reads something from a server. */
export const READS: readonly SharedFlag[] = ["config", "json", "quiet"];
/** Flags of a command that changes something and waits for it. */
export const CHANGES: readonly SharedFlag[] = [...READS, "noWait", "timeout"];
/** Flags of a command that erases something. */
export const DESTROYS: readonly SharedFlag[] = [...CHANGES, "yes"];

/**
 * Words for a change that a server goes on with by itself.
 * @param look the command that shows how far it is, after `mvm `
 */
export function goesOn(input: CommandInput, look: string): InterruptWords {
  const after = `what was asked for goes on in the background: see ${nextCommand(input, look)}`;
  return { before: "nothing was changed", after };
}

/** A command for the same installation, as a user types it. */
export function nextCommand(input: CommandInput, words: string): string {
  const config = input.text("config");
  return config === undefined ? `mvm ${words}` : `mvm --config ${config} ${words}`;
}
