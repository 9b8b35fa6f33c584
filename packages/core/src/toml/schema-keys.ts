/** Which keys a schema knows at a path, for suggestions. Reads the schema's JSON Schema form. */
import * as z from "zod";
import type { KeyPath } from "./problem.ts";

type Node = z.core.JSONSchema._JSONSchema | undefined;

/** The keys that a table at `path` may have; empty where any are allowed or no table is. */
export function knownKeys(schema: z.ZodType, path: KeyPath): readonly string[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  const nodes = path.reduce<readonly Node[]>((current, step) => current.flatMap((node) => child(node, step)), [root]);
  return [...new Set(nodes.flatMap((node) => branches(node)).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function child(node: Node, step: string | number): readonly Node[] {
  return branches(node).flatMap((branch): readonly Node[] => {
    if (typeof step === "string") {
      const rest = branch.additionalProperties;
      return [branch.properties?.[step] ?? (typeof rest === "object" ? rest : undefined)];
    }
    return Array.isArray(branch.items) ? [branch.items[step]] : [branch.items];
  });
}

/** The node itself, or the alternatives that it stands for. */
function branches(node: Node): readonly z.core.JSONSchema.JSONSchema[] {
  if (node === undefined || typeof node === "boolean") return [];
  const alternatives = node.anyOf ?? node.oneOf ?? node.allOf;
  return alternatives === undefined ? [node] : [node, ...alternatives.flatMap((alternative) => branches(alternative))];
}
