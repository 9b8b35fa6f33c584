/**
 * The host commands that put networks in place: `ip -batch`, `nft -f`, `sysctl -w`. Adapter over
 * the command and file ports; each call is one process, a refusal becomes one error that names the
 * refused line. Never a shell.
 */
import { join } from "node:path";
import { MvmError, isMvmError, type CommandResult, type CommandRunner, type Files } from "@mvm/core";
import { namespacePath } from "./network-names.ts";
import { explainIp, explainNft, explainOther, type ToolFailure } from "./tool-failure.ts";

const TIMEOUT_MS = 30_000;
/** A tool's own exit codes: what it refuses is read from its output, not from the runner's error. */
const TOOL_CODES = [0, 1, 2, 255];

/** Null: the host's own network namespace. */
export type Place = string | null;

export interface NetworkToolsOptions {
  readonly commands: CommandRunner;
  readonly files: Files;
  /** Where rulesets lie while nft reads them: it can't read a pipe made by Node. */
  readonly runtimeDir: string;
}

export interface NetworkTools {
  /** Runs `ip -batch` with these lines; none: nothing is run. @throws MvmError MVM_NET_APPLY_FAILED */
  ip(place: Place, lines: readonly string[]): Promise<void>;
  /** Applies a ruleset in one transaction. @throws MvmError MVM_NET_APPLY_FAILED */
  nft(place: Place, text: string): Promise<void>;
  /** Sets kernel switches; none: nothing is run. @throws MvmError MVM_NET_APPLY_FAILED */
  sysctl(place: Place, settings: readonly string[]): Promise<void>;
  /** Standard output of a reading command, or null when the tool refused. */
  read(argv: readonly [string, ...string[]], stdin?: string): Promise<string | null>;
}

export function createNetworkTools({ commands, files, runtimeDir }: NetworkToolsOptions): NetworkTools {
  const run = async (argv: readonly [string, ...string[]], stdin?: string): Promise<CommandResult> => {
    try {
      return await commands.run({
        argv,
        timeoutMs: TIMEOUT_MS,
        okCodes: TOOL_CODES,
        ...(stdin === undefined ? {} : { stdin }),
      });
    } catch (cause) {
      throw applyFailed(
        argv,
        { reason: isMvmError(cause) ? cause.message : `${argv[0]} did not run`, line: null },
        cause,
      );
    }
  };

  return {
    async ip(place, lines) {
      if (lines.length === 0) return;
      const argv = ["ip", ...(place === null ? [] : ["-netns", place]), "-batch", "-"] as const;
      const { code, stderr } = await run(argv, `${lines.join("\n")}\n`);
      if (code !== 0) throw applyFailed(argv, explainIp(stderr, lines));
    },

    async nft(place, text) {
      await files.ensureDir(runtimeDir, { mode: 0o700 });
      const path = join(runtimeDir, `${place ?? "host"}.nft`);
      const argv = within(place, ["nft", "-f", path]);
      try {
        await files.writeAtomic(path, text);
        const { code, stderr } = await run(argv);
        if (code !== 0) throw applyFailed(argv, explainNft(stderr, text));
      } finally {
        await files.remove(path);
      }
    },

    async sysctl(place, settings) {
      if (settings.length === 0) return;
      const argv = within(place, ["sysctl", "-q", "-w", ...settings]);
      const { code, stderr } = await run(argv);
      if (code !== 0) throw applyFailed(argv, explainOther(stderr));
    },

    async read(argv, stdin) {
      const { code, stdout } = await run(argv, stdin);
      return code === 0 ? stdout : null;
    },
  };
}

function within(place: Place, argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return place === null ? argv : ["nsenter", `--net=${namespacePath(place)}`, ...argv];
}

function applyFailed(argv: readonly string[], { reason, line }: ToolFailure, cause?: unknown): MvmError {
  return new MvmError("MVM_NET_APPLY_FAILED", {
    message: line === null ? `${argv.join(" ")} failed: ${reason}` : `${toolOf(argv)} refused "${line}": ${reason}`,
    retry: "backoff",
    details: { argv, reason, ...(line === null ? {} : { line }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function toolOf(argv: readonly string[]): string {
  return argv[0] === "nsenter" ? (argv[2] ?? "nsenter") : (argv[0] ?? "");
}
