/**
 * Loads the configuration: finds the file, reads what it includes, checks everything and reports
 * all mistakes at once. Called by every program that needs a config, once.
 */
import { dirname } from "node:path";
import { hashOf } from "../hash.ts";
import type { TomlDocument } from "../toml/document.ts";
import { type Problem, problemsError } from "../toml/problem.ts";
import { decodeDocument } from "../toml/schema-problems.ts";
import { checkSettings } from "./check-settings.ts";
import { checkTypes } from "./check-types.ts";
import { declaredTypes, duplicateProblems, problemAt, tablesOf } from "./declared-types.ts";
import { type EffectiveConfig, effectiveConfig } from "./effective-config.ts";
import { type ConfigRule, type ConfigSearch, findConfig } from "./find-config.ts";
import { readIncludes } from "./includes.ts";
import { ConfigFile, TypesFile } from "./schema.ts";

export interface LoadedConfig {
  /** Absolute path of the file. */
  readonly path: string;
  /** The path as it is shown to people: `./mvm.toml`. */
  readonly shownAs: string;
  /** By which rule it was found. */
  readonly rule: ConfigRule;
  /** SHA-256 of the file's bytes. */
  readonly bytesHash: string;
  /** Hash of the effective meaning: goes onto revisions, instances, audit entries and node status. */
  readonly meaningHash: string;
  readonly config: EffectiveConfig;
}

/**
 * @throws MvmError MVM_CONFIG_NOT_FOUND, MVM_CONFIG_UNREADABLE, MVM_CONFIG_SYNTAX, or
 * MVM_CONFIG_INVALID with every problem in `details.problems`
 */
export async function loadConfig(search: ConfigSearch): Promise<LoadedConfig> {
  const { document, rule } = await findConfig(search);
  const included = await readIncludes(document, search.files, search.cwd);
  const documents = [document, ...included.documents];
  const main = await decodeDocument(document, ConfigFile);
  const types = declaredTypes(documents);

  const problems: Problem[] = [
    ...included.problems,
    ...(await includedProblems(included.documents)),
    ...(await duplicateProblems(types)),
  ];
  const mistakes = checkSettings(document.value, dirname(document.path)).map((mistake) => ({ document, ...mistake }));
  // With an unreadable include, what it declares would only seem to be missing.
  const misplaced = included.problems.length === 0 ? checkTypes(types) : [];
  problems.push(...(await Promise.all([...mistakes, ...misplaced].map((mistake) => problemAt(mistake)))));
  if (!main.ok) throw problemsError("MVM_CONFIG_INVALID", [...main.problems, ...problems]);
  if (problems.length > 0) throw problemsError("MVM_CONFIG_INVALID", problems);

  const config = effectiveConfig(main.value, document.path, tablesOf(types));
  return {
    path: document.path,
    shownAs: document.shownAs,
    rule,
    bytesHash: document.bytesHash,
    meaningHash: hashOf(config),
    config,
  };
}

async function includedProblems(documents: readonly TomlDocument[]): Promise<readonly Problem[]> {
  const decoded = await Promise.all(documents.map((document) => decodeDocument(document, TypesFile)));
  return decoded.flatMap((result) => (result.ok ? [] : result.problems));
}
