/**
 * Reads what a TypeScript module imports, types included, from its text. Used by
 * scripts/workspace.test.ts; pure.
 */
import { parseSync } from "@swc/core";

export interface ModuleImports {
  /** Specifiers of static and dynamic imports and of re-exports, in the order of the text. */
  readonly specifiers: readonly string[];
  /** Whether the module says `export * from …`. */
  readonly exportsAll: boolean;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Every node of a syntax tree, parents first. */
function* nodesOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (!isRecord(value)) return;
  if (typeof value["type"] === "string") yield value;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

function specifierOf(node: Readonly<Record<string, unknown>>): string | undefined {
  const isDynamic =
    node["type"] === "CallExpression" && isRecord(node["callee"]) && node["callee"]["type"] === "Import";
  const [argument] = isDynamic && Array.isArray(node["arguments"]) ? (node["arguments"] as unknown[]) : [];
  const source = isRecord(argument) ? argument["expression"] : node["source"];
  return isRecord(source) && typeof source["value"] === "string" ? source["value"] : undefined;
}

/** @throws Error when the text is not TypeScript */
export function readImports(text: string): ModuleImports {
  const nodes = [...nodesOf(parseSync(text, { syntax: "typescript", target: "es2024" }))];
  return {
    specifiers: nodes.flatMap((node) => specifierOf(node) ?? []),
    exportsAll: nodes.some(({ type }) => type === "ExportAllDeclaration"),
  };
}

/** The npm package that a specifier names, or undefined for a relative path or one of Node's modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}
