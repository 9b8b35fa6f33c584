/** docs/config.md names every key of mvm.toml and of the fleet file, with its default. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import * as z from "zod";
import { Fleet } from "../fleet/schema.ts";
import { ConfigFile } from "./schema.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/config.md"), "utf8");

type Schema = z.core.JSONSchema.JSONSchema;

/** Every key of the schema with the dotted path that leads to it. */
function keysOf(schema: Schema, path = ""): readonly { path: string; schema: Schema }[] {
  const parts = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(
    (part): part is Schema => typeof part === "object",
  );
  return parts.flatMap((part) => [
    ...Object.entries(part.properties ?? {}).flatMap(([key, value]) => {
      const own = `${path}${key}`;
      return typeof value === "object" ? [{ path: own, schema: value }, ...keysOf(value, `${own}.`)] : [];
    }),
    ...[part.additionalProperties, part.items].flatMap((value) =>
      typeof value === "object" && !Array.isArray(value) ? keysOf(value, path) : [],
    ),
  ]);
}

for (const [name, schema] of [
  ["mvm.toml", ConfigFile],
  ["the fleet file", Fleet],
] as const) {
  const keys = keysOf(z.toJSONSchema(schema, { io: "input", reused: "inline" }));

  test(`every key of ${name} stands in docs/config.md`, () => {
    assert.ok(keys.length > 15, "the schema was walked");
    const missing = keys
      .filter(({ path }) => !new RegExp(`\\b${path.split(".").at(-1) ?? ""}\\b`).test(page))
      .map(({ path }) => path);
    assert.deepEqual(missing, []);
  });
}

test("every default of a section stands beside its key", () => {
  const sections = ["node", "coordinator", "network", "images", "ingress"];
  const keys = keysOf(z.toJSONSchema(ConfigFile, { io: "input", reused: "inline" })).filter(
    ({ path, schema }) =>
      sections.includes(path.split(".")[0] ?? "") && path.includes(".") && schema.default !== undefined,
  );
  assert.ok(keys.length > 8);
  for (const { path, schema } of keys) {
    const key = path.split(".").at(-1) ?? "";
    const written =
      typeof schema.default === "string" ? schema.default : JSON.stringify(schema.default).replaceAll(",", ", ");
    const row = page.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
    assert.ok(row?.includes(`| \`${written}\` |`), `${path}: default ${written} in '${row ?? "no row"}'`);
  }
});
