/**
 * A TOML file as read: its value, its hash, and the place of anything in it.
 */
import { parse, TomlError } from "smol-toml";
import type { Files } from "../ports/files.ts";
import { placesOf, type Places } from "./places.ts";
import { type Problem, problemsError } from "./problem.ts";
import { readSourceFile } from "./source-file.ts";

export interface TomlDocument {
  /** Absolute. */
  readonly path: string;
  /** The path as it is shown to people. */
  readonly shownAs: string;
  readonly bytesHash: string;
  readonly value: unknown;
  /** Where things stand in it; parsed anew, for messages only. */
  readonly places: () => Promise<Places>;
}

/**
 * Reads and parses a TOML file; null when nothing is there.
 * @throws MvmError MVM_CONFIG_UNREADABLE, MVM_CONFIG_SYNTAX with the place
 */
export async function readTomlDocument(files: Files, path: string, shownAs: string): Promise<TomlDocument | null> {
  const source = await readSourceFile(files, path, shownAs);
  if (source === null) return null;
  const { text, bytesHash } = source;
  return { path, shownAs, bytesHash, value: parseToml(text, shownAs), places: () => placesOf(text) };
}

function parseToml(text: string, shownAs: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw problemsError("MVM_CONFIG_SYNTAX", [syntaxProblem(error, shownAs)]);
  }
}

function syntaxProblem(error: TomlError, file: string): Problem {
  const [summary = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
  return { file, line: error.line, column: error.column, path: "", message: `not TOML: ${summary}` };
}
