/**
 * Where each key and value of a TOML text stands. Needed only when something is wrong with the
 * text's meaning, so the parser with places is loaded then and not before.
 */
import type { AST } from "toml-eslint-parser";
import type { KeyPath, Place } from "./problem.ts";

export interface EntryPlace {
  readonly key: Place;
  readonly value: Place;
}

/** Places by path. An entry that the text only implies, like `a` in `[a.b]`, has its first mention. */
export interface Places {
  get(path: KeyPath): EntryPlace | null;
  /** The nearest entry on the way from the root to `path` that stands in the text. */
  nearest(path: KeyPath): EntryPlace;
}

const FILE_START: EntryPlace = { key: { line: 1, column: 1 }, value: { line: 1, column: 1 } };

/** The places of a text that is known to be TOML; a text that this parser refuses has none. */
export async function placesOf(text: string): Promise<Places> {
  const found = new Map<string, EntryPlace>();
  const parser = await import("toml-eslint-parser");
  try {
    for (const node of parser.parseTOML(text, { tomlVersion: "1.1" }).body[0].body) collect(node, [], found);
  } catch {
    found.clear();
  }
  const get = (path: KeyPath): EntryPlace | null => found.get(JSON.stringify(path)) ?? null;
  return {
    get,
    nearest(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = get(path.slice(0, length));
        if (place !== null) return place;
      }
      return FILE_START;
    },
  };
}

type Found = Map<string, EntryPlace>;

function collect(node: AST.TOMLKeyValue | AST.TOMLTable, base: KeyPath, found: Found): void {
  if (node.type === "TOMLTable") {
    collectHeader(node, found);
    for (const entry of node.body) collect(entry, node.resolvedKey, found);
    return;
  }
  const path: (string | number)[] = [...base];
  for (const key of node.key.keys) {
    path.push(nameOf(key));
    const place = startOf(key);
    const isLast = key === node.key.keys.at(-1);
    remember(found, path, { key: place, value: isLast ? startOf(node.value) : place });
  }
  collectValue(node.value, path, found);
}

/** The header's names are a table's key path; the indexes that it stands for share their name's place. */
function collectHeader(table: AST.TOMLTable, found: Found): void {
  let nextName = 0;
  table.resolvedKey.forEach((step, index) => {
    if (typeof step === "string") nextName += 1;
    const name = table.key.keys[nextName - 1];
    if (name === undefined) return;
    remember(found, table.resolvedKey.slice(0, index + 1), { key: startOf(name), value: startOf(name) });
  });
}

function collectValue(value: AST.TOMLContentNode, path: KeyPath, found: Found): void {
  if (value.type === "TOMLInlineTable") {
    for (const entry of value.body) collect(entry, path, found);
  } else if (value.type === "TOMLArray") {
    value.elements.forEach((element, index) => {
      const at = startOf(element);
      remember(found, [...path, index], { key: at, value: at });
      collectValue(element, [...path, index], found);
    });
  }
}

function remember(found: Found, path: KeyPath, place: EntryPlace): void {
  const id = JSON.stringify(path);
  if (!found.has(id)) found.set(id, place);
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function startOf(node: {
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
}): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
