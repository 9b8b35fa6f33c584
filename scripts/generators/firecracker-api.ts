/**
 * Generates the types of the Firecracker API that the driver uses from the facts that lie beside them:
 * names, types and which fields must be there, as the API's published description (Firecracker's
 * src/firecracker/swagger/firecracker.yaml) says for the version that the facts name.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as z from "zod";

const FACTS_PATH = join(import.meta.dirname, "../../packages/runtime/src/vmm/firecracker/api/facts.json");
const SCALARS: Readonly<Record<string, string>> = { string: "string", boolean: "boolean", integer: "number" };

/** A scalar, another schema's name (with `[]` for a list of it), or the words of an enumeration. */
const Field = z.strictObject({
  type: z.union([z.string(), z.array(z.string()).min(1)]),
  optional: z.literal(true).optional(),
});
const Facts = z.strictObject({
  api_version: z.string(),
  schemas: z.record(z.string(), z.record(z.string(), Field)),
});

/** The text of the driver's api/types.ts. */
export function firecrackerApiTypes(): string {
  const { api_version, schemas } = Facts.parse(JSON.parse(readFileSync(FACTS_PATH, "utf8")));
  const interfaces = Object.entries(schemas).map(([name, fields]) => {
    const lines = Object.entries(fields).map(([field, { type, optional }]) => {
      return `  readonly ${field}${optional === true ? "?" : ""}: ${typeText(type, schemas)};`;
    });
    return `export interface ${name} {\n${lines.join("\n")}\n}\n`;
  });
  const header = `/**
 * Bodies of the Firecracker API as far as the driver uses them, of API version ${api_version}. Fields that
 * it never sends are left out. Generated from facts.json by \`npm run generate\`.
 */
`;
  return [header, ...interfaces].join("\n");
}

function typeText(type: string | readonly string[], schemas: Readonly<Record<string, unknown>>): string {
  if (typeof type !== "string") return type.map((word) => JSON.stringify(word)).join(" | ");
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  const [, name = "", list] = /^(\w+?)(\[\])?$/.exec(type) ?? [];
  if (!(name in schemas)) throw new Error(`facts.json names no schema ${type}`);
  return list === undefined ? name : `readonly ${name}[]`;
}
