/**
 * Which mvm.toml is in use: --config, else ./mvm.toml, else /etc/mvm/mvm.toml, and nothing else.
 * A file that a rule names but that can't be read is an error, never a reason to try the next.
 */
import { join, resolve } from "node:path";
import { MvmError } from "../errors/mvm-error.ts";
import type { Files } from "../ports/files.ts";
import { readTomlDocument, type TomlDocument } from "../toml/document.ts";
import { shownPath } from "../toml/source-file.ts";

/** Where the quickstart writes its file unless told otherwise; never looked up, only pointed at. */
const QUICKSTART_CONFIG = "quickstart/mvm.toml";
const THREE_WAYS =
  "One of three ways names the file, in this order: --config PATH; mvm.toml in the current directory; /etc/mvm/mvm.toml.";

export const configRules = ["flag", "current-directory", "system"] as const;
export type ConfigRule = (typeof configRules)[number];

export interface ConfigSearch {
  /** The value of --config, when given. */
  readonly flag?: string | undefined;
  /** The current directory, absolute. */
  readonly cwd: string;
  readonly files: Files;
  /** The machine's own file; only tests give another. */
  readonly systemPath?: string;
}

export interface FoundConfig {
  readonly document: TomlDocument;
  readonly rule: ConfigRule;
}

/**
 * Finds and parses the config file.
 * @throws MvmError MVM_CONFIG_NOT_FOUND, MVM_CONFIG_UNREADABLE, MVM_CONFIG_SYNTAX
 */
export async function findConfig(search: ConfigSearch): Promise<FoundConfig> {
  const { flag, cwd, files, systemPath = "/etc/mvm/mvm.toml" } = search;
  const candidates: readonly { rule: ConfigRule; path: string }[] =
    flag === undefined
      ? [
          { rule: "current-directory", path: join(cwd, "mvm.toml") },
          { rule: "system", path: systemPath },
        ]
      : [{ rule: "flag", path: resolve(cwd, flag) }];
  for (const { rule, path } of candidates) {
    const document = await readTomlDocument(files, path, shownPath(path, cwd));
    if (document !== null) return { document, rule };
  }
  throw await notFound(
    search,
    candidates.map(({ path }) => path),
  );
}

async function notFound({ flag, cwd, files }: ConfigSearch, tried: readonly string[]): Promise<MvmError> {
  const message =
    flag === undefined
      ? `no configuration file: neither ${tried.join(" nor ")} exists and --config was not given`
      : `no configuration file at ${resolve(cwd, flag)}, which --config names`;
  const isQuickstartHere =
    flag === undefined && (await files.stat(join(cwd, QUICKSTART_CONFIG)).catch(() => null))?.kind === "file";
  const remedy = isQuickstartHere ? `Add --config ${QUICKSTART_CONFIG}, the quickstart's file.` : THREE_WAYS;
  return new MvmError("MVM_CONFIG_NOT_FOUND", { message, remedy, details: { tried, cwd } });
}
