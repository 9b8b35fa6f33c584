/**
 * Commands as data: names, arguments, options, examples, and where the code lies that runs them.
 * The tree is small and always loaded; a command's code is loaded when it is called, so that
 * `mvm --version` stays cheap.
 */
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";

/** Flags that mean the same wherever they appear. */
export const sharedFlags = {
  config: { flags: "--config <path>", summary: "configuration file (else ./mvm.toml, /etc/mvm/mvm.toml)" },
  json: { flags: "--json", summary: "print one JSON document on stdout" },
  quiet: { flags: "--quiet", summary: "no progress on stderr" },
  yes: { flags: "--yes", summary: "don't ask before destroying" },
  noWait: { flags: "--no-wait", summary: "return at once, without waiting for the outcome" },
  timeout: { flags: "--timeout <duration>", summary: "how long to wait for the outcome, such as 90s or 10m" },
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
  readonly load: () => Promise<Command>;
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
