/**
 * Collects the roles and profiles of the config file and its includes: each entry decoded by
 * itself, so that one bad entry hides no mistake of another; an entry that two places declare is
 * a problem that names both.
 */
import * as z from "zod";
import { type MicrovmsTables, ProfileDeclaration, RoleDeclaration } from "../types/declarations.ts";
import type { TomlDocument } from "../toml/document.ts";
import { type KeyPath, pathText, type Problem } from "../toml/problem.ts";
import { withAbsolutePaths } from "./effective-config.ts";

export type TypeKind = "roles" | "profiles";

/** One declared role or profile and the file that declares it. */
export interface Declared<T> {
  readonly name: string;
  readonly document: TomlDocument;
  /** Null when the declaration itself has mistakes, which are reported elsewhere. */
  readonly declaration: T | null;
}

export interface DeclaredTypes {
  readonly roles: readonly Declared<RoleDeclaration>[];
  readonly profiles: readonly Declared<ProfileDeclaration>[];
}

const anyTable = z.record(z.string(), z.unknown()).catch({});
const LooseTables = z
  .object({ microvms: z.object({ roles: anyTable, profiles: anyTable }).partial().catch({}) })
  .catch({ microvms: {} });

/** Everything that the documents declare, good or bad, in the documents' order. */
export function declaredTypes(documents: readonly TomlDocument[]): DeclaredTypes {
  const entries = <S extends z.ZodType>(kind: TypeKind, schema: S): readonly Declared<z.output<S>>[] =>
    documents.flatMap((document) =>
      Object.entries(LooseTables.parse(document.value).microvms[kind] ?? {}).map(([name, value]) => {
        const decoded = schema.safeParse(value);
        return { name, document, declaration: decoded.success ? decoded.data : null };
      }),
    );
  const profiles = entries("profiles", ProfileDeclaration).map((entry) => ({
    ...entry,
    declaration: entry.declaration === null ? null : withAbsolutePaths(entry.declaration, entry.document.path),
  }));
  return { roles: entries("roles", RoleDeclaration), profiles };
}

/** The tables that the declarations make, once nothing is wrong with them. */
export function tablesOf(types: DeclaredTypes): MicrovmsTables {
  const table = <T>(entries: readonly Declared<T>[]): Record<string, T> =>
    Object.fromEntries(entries.flatMap(({ name, declaration }) => (declaration === null ? [] : [[name, declaration]])));
  return { roles: table(types.roles), profiles: table(types.profiles) };
}

/** A problem for each declaration of a name that stands in an earlier file already. */
export async function duplicateProblems(types: DeclaredTypes): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const kind of ["roles", "profiles"] as const) {
    const first = new Map<string, TomlDocument>();
    for (const { name, document } of types[kind]) {
      const earlier = first.get(name);
      if (earlier === undefined) {
        first.set(name, document);
        continue;
      }
      const path = ["microvms", kind, name];
      const { line, column } = (await earlier.places()).nearest(path).key;
      const message = `${kind.slice(0, -1)} '${name}' is declared already at ${earlier.shownAs}:${line}:${column}`;
      problems.push(await problemAt({ document, path, message, at: "key" }));
    }
  }
  return problems;
}

export interface Misplaced {
  readonly document: TomlDocument;
  readonly path: KeyPath;
  readonly message: string;
  readonly at?: "key" | "value";
}

/** A problem at the place of a path in its document. */
export async function problemAt({ document, path, message, at = "value" }: Misplaced): Promise<Problem> {
  const entry = (await document.places()).nearest(path);
  return { file: document.shownAs, ...entry[at], path: pathText(path), message };
}
