/**
 * Loads the fleet file with all its mistakes at once, and afterwards tells where in the file
 * something stands, so that what the coordinator refuses gets its line and column.
 */
import { resolve } from "node:path";
import { MvmError } from "../errors/mvm-error.ts";
import type { Files } from "../ports/files.ts";
import { readTomlDocument, type TomlDocument } from "../toml/document.ts";
import { type KeyPath, parsePathText, pathText, type Place, type Problem, problemsError } from "../toml/problem.ts";
import { decodeDocument } from "../toml/schema-problems.ts";
import { shownPath } from "../toml/source-file.ts";
import { Fleet } from "./schema.ts";

export interface LoadedFleet {
  /** Absolute path of the file. */
  readonly path: string;
  readonly shownAs: string;
  readonly bytesHash: string;
  readonly fleet: Fleet;
  /** Where `tenants[1].pools[0].role`, or the nearest entry above it, stands; null for no such path. */
  readonly locate: (path: string) => Promise<Place | null>;
}

/** What the coordinator alone gives out (design §9). */
const ALLOCATED = [
  "ipv4",
  "ipv4_subnet",
  "bridge_ipv4",
  "mac",
  "tap",
  "namespace",
  "uplink",
  "tenant_net_id",
  "volume_uuid",
  "ingress_port",
  "instances",
  "generation",
];

/**
 * @param path the file, relative to `cwd` or absolute
 * @throws MvmError MVM_CONFIG_NOT_FOUND, MVM_CONFIG_UNREADABLE, MVM_CONFIG_SYNTAX, or
 * MVM_CONFIG_INVALID, MVM_FLEET_DUPLICATE with every problem in `details.problems`
 */
export async function loadFleet(
  path: string,
  { cwd, files }: { readonly cwd: string; readonly files: Files },
): Promise<LoadedFleet> {
  const absolute = resolve(cwd, path);
  const document = await readTomlDocument(files, absolute, shownPath(absolute, cwd));
  if (document === null) {
    throw new MvmError("MVM_CONFIG_NOT_FOUND", {
      message: `no fleet file at ${absolute}`,
      remedy: "Give the path of the fleet file.",
      details: { tried: [absolute] },
    });
  }
  const decoded = await decodeDocument(document, Fleet, { explainUnknownKey: explainAllocated });
  if (!decoded.ok) throw problemsError("MVM_CONFIG_INVALID", decoded.problems);
  const duplicates = await Promise.all(
    duplicatesIn(decoded.value).map((duplicate) => duplicateProblem(document, duplicate)),
  );
  if (duplicates.length > 0) throw problemsError("MVM_FLEET_DUPLICATE", duplicates);
  return {
    path: absolute,
    shownAs: document.shownAs,
    bytesHash: document.bytesHash,
    fleet: decoded.value,
    locate: async (text) => {
      const keys = parsePathText(text);
      return keys === null ? null : (await document.places()).nearest(keys).value;
    },
  };
}

function explainAllocated(key: string): string | null {
  return ALLOCATED.includes(key)
    ? `'${key}' can't be given by hand: the coordinator alone allocates networks and addresses; remove the line`
    : null;
}

interface Duplicate {
  readonly path: KeyPath;
  readonly earlier: KeyPath;
  readonly message: string;
}

function duplicatesIn(fleet: Fleet): readonly Duplicate[] {
  const found: Duplicate[] = [];
  const look = (ids: readonly string[], pathOf: (index: number) => KeyPath, message: (id: string) => string): void => {
    ids.forEach((id, index) => {
      const first = ids.indexOf(id);
      if (first < index) found.push({ path: pathOf(index), earlier: pathOf(first), message: message(id) });
    });
  };
  look(
    fleet.tenants.map((tenant) => tenant.tenant_id),
    (index) => ["tenants", index, "tenant_id"],
    (id) => `tenant '${id}' is declared already`,
  );
  fleet.tenants.forEach((tenant, at) => {
    look(
      tenant.pools.map((pool) => pool.pool_id),
      (index) => ["tenants", at, "pools", index, "pool_id"],
      (id) => `pool '${id}' of tenant '${tenant.tenant_id}' is declared already`,
    );
  });
  return found;
}

async function duplicateProblem(document: TomlDocument, { path, earlier, message }: Duplicate): Promise<Problem> {
  const places = await document.places();
  const first = places.nearest(earlier).value;
  return {
    file: document.shownAs,
    ...places.nearest(path).value,
    path: pathText(path),
    message: `${message} at line ${first.line}`,
  };
}
