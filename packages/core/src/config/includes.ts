/**
 * The files that `[microvms] include` names. `*` stands for any part of one name; a pattern that
 * matches nothing is a mistake, not an empty list.
 */
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { isMvmError } from "../errors/mvm-error.ts";
import type { Files } from "../ports/files.ts";
import { readTomlDocument, type TomlDocument } from "../toml/document.ts";
import { type Problem, problemsOf } from "../toml/problem.ts";
import { shownPath } from "../toml/source-file.ts";

const MAX_FILES = 1000;

/** The include list alone, so that included files are checked even when the rest has mistakes. */
const IncludeList = z.object({ microvms: z.object({ include: z.array(z.string().min(1)) }) });

export interface Included {
  readonly documents: readonly TomlDocument[];
  readonly problems: readonly Problem[];
}

/** Reads every included file once, in the order of the list; problems are collected, not thrown. */
export async function readIncludes(main: TomlDocument, files: Files, cwd: string): Promise<Included> {
  const list = IncludeList.safeParse(main.value);
  if (!list.success) return { documents: [], problems: [] };
  const documents = new Map<string, TomlDocument>();
  const problems: Problem[] = [];
  for (const [index, pattern] of list.data.microvms.include.entries()) {
    const say = async (message: string): Promise<void> => {
      const path = ["microvms", "include", index];
      const { value } = (await main.places()).nearest(path);
      problems.push({ file: main.shownAs, ...value, path: `microvms.include[${index}]`, message });
    };
    const paths = await expand(files, resolve(dirname(main.path), pattern));
    if (paths.length === 0) await say(`'${pattern}' matches no file`);
    if (paths.length > MAX_FILES) await say(`'${pattern}' matches more than ${MAX_FILES} files`);
    for (const path of paths.slice(0, MAX_FILES)) {
      if (documents.has(path)) continue;
      const read = await readOne(files, path, shownPath(path, cwd));
      if ("problems" in read) problems.push(...read.problems);
      else if (read.document === null) await say(`'${pattern}' names a missing file: ${shownPath(path, cwd)}`);
      else documents.set(path, read.document);
    }
  }
  return { documents: [...documents.values()], problems };
}

type ReadOne = { readonly document: TomlDocument | null } | { readonly problems: readonly Problem[] };

async function readOne(files: Files, path: string, shownAs: string): Promise<ReadOne> {
  try {
    return { document: await readTomlDocument(files, path, shownAs) };
  } catch (error) {
    if (isMvmError(error, "MVM_CONFIG_SYNTAX")) return { problems: problemsOf(error) };
    if (!isMvmError(error, "MVM_CONFIG_UNREADABLE")) throw error;
    return { problems: [{ file: shownAs, line: null, column: null, path: "", message: error.message }] };
  }
}

/** The existing paths that an absolute pattern stands for, sorted; a path without `*` stands for itself. */
async function expand(files: Files, pattern: string): Promise<readonly string[]> {
  let paths = ["/"];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    if (!part.includes("*")) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const literals = part.split("*").map((text) => RegExp.escape(text));
    const matcher = new RegExp(`^${literals.join(".*")}$`);
    const expanded = await Promise.all(
      paths.map(async (path) => {
        const names = await files.list(path).catch(() => []);
        return names.filter((name) => matcher.test(name) && !name.startsWith(".")).map((name) => join(path, name));
      }),
    );
    paths = expanded.flat();
  }
  if (!pattern.includes("*")) return paths;
  const facts = await Promise.all(paths.map(async (path) => ({ path, exists: (await files.stat(path)) !== null })));
  return facts.filter(({ exists }) => exists).map(({ path }) => path);
}
