/**
 * Decodes a TOML document by a schema and turns every schema issue into a problem: its place, the
 * value found, what is allowed and the nearest name that may have been meant.
 */
import type * as z from "zod";
import type { TomlDocument } from "./document.ts";
import { nearestName } from "./nearest.ts";
import { type KeyPath, pathText, type Place, type Problem } from "./problem.ts";
import { knownKeys } from "./schema-keys.ts";

type Issue = z.core.$ZodIssue;

export interface DecodeOptions {
  /** A better word on an unknown key than "unknown", or null. */
  readonly explainUnknownKey?: (key: string) => string | null;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Decodes the document's value; on failure all problems, never only the first. */
export async function decodeDocument<S extends z.ZodType>(
  document: TomlDocument,
  schema: S,
  options: DecodeOptions = {},
): Promise<Decoded<z.output<S>>> {
  const result = schema.safeParse(document.value);
  if (result.success) return { ok: true, value: result.data };
  const places = await document.places();
  const problems = result.error.issues.flatMap((issue) =>
    findingsOf(issue, document.value).map((finding): Problem => {
      const entry = places.nearest(finding.path);
      const place: Place = finding.at === "key" ? entry.key : entry.value;
      const message = finding.unknownKey === undefined ? finding.message : unknownKeyMessage(finding, schema, options);
      return { file: document.shownAs, line: place.line, column: place.column, path: pathText(finding.path), message };
    }),
  );
  return { ok: false, problems };
}

interface Finding {
  readonly path: KeyPath;
  readonly at: "key" | "value";
  readonly message: string;
  readonly unknownKey?: string;
}

function findingsOf(issue: Issue, root: unknown): readonly Finding[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], at: "key", message: "", unknownKey: key }));
  }
  if (issue.code === "invalid_key") {
    return [
      {
        path,
        at: "key",
        message: `'${String(path.at(-1))}' is no good name: ${issue.issues[0]?.message ?? issue.message}`,
      },
    ];
  }
  const value = valueAt(root, path);
  if (value === undefined) {
    const name = String(path.at(-1));
    const where = path.length < 2 ? "the file" : pathText(path.slice(0, -1));
    return [{ path, at: "key", message: `'${name}' is missing in ${where}: ${allowed(issue)}` }];
  }
  return [
    {
      path,
      at: "value",
      message: `${pathText(path)} is ${shown(value)}: ${allowed(issue)}${suggestion(issue, value)}`,
    },
  ];
}

function unknownKeyMessage(finding: Finding, schema: z.ZodType, options: DecodeOptions): string {
  const key = finding.unknownKey ?? "";
  const parent = finding.path.slice(0, -1);
  const explained = options.explainUnknownKey?.(key);
  if (explained !== undefined && explained !== null) return explained;
  const known = knownKeys(schema, parent);
  const near = nearestName(key, known);
  const hint = near === null ? `known: ${known.join(", ")}` : `did you mean '${near}'?`;
  return `unknown key '${key}' in ${parent.length === 0 ? "the file" : pathText(parent)}; ${hint}`;
}

/** What would be right, in words. */
function allowed(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `${tomlKind(issue.expected)} is expected`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => shown(value)).join(" or ")}`;
    case "too_small":
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? "more than" : "at least"} ${String(issue.minimum)}${unit(issue.origin, issue.minimum)}`;
    case "too_big":
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? "less than" : "at most"} ${String(issue.maximum)}${unit(issue.origin, issue.maximum)}`;
    case "invalid_union":
      return unionAllowed(issue);
    default:
      return lowerFirst(issue.message);
  }
}

function unionAllowed(issue: z.core.$ZodIssueInvalidUnion): string {
  const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [allowed(first)]));
  if (branches.length > 0) return [...new Set(branches)].join(", or ");
  const options = discriminators(issue);
  return options.length > 0
    ? `must be ${options.map((option) => shown(option)).join(" or ")}`
    : lowerFirst(issue.message);
}

/** The values that tell a union's branches apart, when that is what did not match. */
function discriminators(issue: z.core.$ZodIssueInvalidUnion): readonly unknown[] {
  return "options" in issue && Array.isArray(issue.options) ? issue.options : [];
}

function suggestion(issue: Issue, value: unknown): string {
  if (typeof value !== "string") return "";
  const values =
    issue.code === "invalid_value" ? issue.values : issue.code === "invalid_union" ? discriminators(issue) : [];
  const near = nearestName(
    value,
    values.filter((candidate) => typeof candidate === "string"),
  );
  return near === null ? "" : `; did you mean ${shown(near)}?`;
}

function measure(origin: string): string {
  return origin === "string" || origin === "array" ? "have" : "be";
}

function unit(origin: string, count: number | bigint): string {
  if (origin === "string") return Number(count) === 1 ? " character" : " characters";
  if (origin === "array") return Number(count) === 1 ? " entry" : " entries";
  return "";
}

function tomlKind(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    object: "a table",
    record: "a table",
    array: "an array",
    tuple: "an array",
    int: "an integer",
    number: "a number",
    string: "a string",
    boolean: "true or false",
  };
  return kinds[expected] ?? expected;
}

/** A value as TOML would have it, cut to 60 characters. */
export function shown(value: unknown): string {
  const isTable = value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
  if (isTable) return "a table";
  const text = typeof value === "number" || value instanceof Date ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
