/** Whatever is typed into a config or fleet file: a value, or a catalogued error that names a place. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import fc from "fast-check";
import { isMvmError } from "../errors/mvm-error.ts";
import { loadFleet } from "../fleet/load-fleet.ts";
import { nodeFiles } from "../node/files.ts";
import { problemsOf } from "../toml/problem.ts";
import { loadConfig } from "./load-config.ts";

const RUNS = 600;
const cwd = mkdtempSync(join(tmpdir(), "mvm-mutated-"));
after(() => rmSync(cwd, { recursive: true }));
mkdirSync(join(cwd, "types"));
writeFileSync(join(cwd, "types", "worker.toml"), '[microvms.roles.worker]\ndescription = "w"\nprofiles = ["small"]\n');

const CONFIG = `schema_version = 1
[node]
name = "n1"
mode = "development"
uid_range = [200000, 200100]
[network]
cluster_cidr = "10.64.0.0/10"
[images]
accept = ["debian"]
[microvms]
include = ["types/*.toml"]
[microvms.roles.gateway]
description = "r"
profiles = ["small"]
[microvms.profiles.small]
description = "p"
min_mem_mib = 128
defaults = { vcpus = 1, mem_mib = 128, data_mib = 64 }
secrets = [{ name = "a.b", required = true }]
connectors.telegram.requires_secrets = ["a.b"]
`;
const FLEET = `schema_version = 1
[[tenants]]
tenant_id = "acme"
egress = { policy = "allow-list", allow = [{ cidr = "10.0.0.0/8", port = 80 }] }
model = { base_url = "http://10.0.0.1/v1", model = "m" }
[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "minimal"
desired_counts = { running = 1 }
`;

const snippet = fc.oneof(
  fc.constantFrom(
    "[",
    "]",
    "{",
    "}",
    "=",
    '"',
    "'",
    "\n",
    ".",
    ",",
    "#",
    "\0",
    "\\u0000",
    "__proto__",
    "constructor",
    "toString",
    "[microvms.roles.__proto__]\n",
    "[[tenants]]\n",
    "1e400",
    "nan",
    "-0",
    "0x7fffffffffffffff",
    "1979-05-27T07:32:00Z",
    '"""',
    "true",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), remove: fc.nat(20), insert: snippet });

function mutated(text: string, edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce((current, { at, remove, insert }) => {
    const start = Math.floor(at * current.length);
    return current.slice(0, start) + insert + current.slice(start + remove);
  }, text);
}

async function isHandled(load: () => Promise<unknown>): Promise<void> {
  try {
    await load();
  } catch (error) {
    assert.ok(isMvmError(error), `not catalogued: ${String(error)}`);
    if (error.code === "MVM_CONFIG_UNREADABLE") return;
    const problems = problemsOf(error);
    assert.ok(problems.length > 0, `no place: ${error.message}`);
    for (const { line, column, message } of problems)
      assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1 && message.length > 0, JSON.stringify(problems));
  }
}

for (const [name, file, text, load] of [
  ["config", "mvm.toml", CONFIG, () => loadConfig({ cwd, files: nodeFiles })],
  ["fleet", "fleet.toml", FLEET, () => loadFleet("fleet.toml", { cwd, files: nodeFiles })],
] as const) {
  test(`the ${name} file to be mutated is good`, async () => {
    writeFileSync(join(cwd, file), text);
    await load();
  });

  test(`a mutated ${name} file: a value or a catalogued error with a place`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        writeFileSync(join(cwd, file), mutated(text, edits));
        await isHandled(load);
      }),
      { numRuns: RUNS },
    );
  });
}
