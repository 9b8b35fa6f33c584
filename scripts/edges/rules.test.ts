/** Plants one violation of each kind in a small tree and sees the right rule, and only it, report it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { type CruiseOutcome, cruiseTree } from "./cruise.ts";
import { packageNames } from "./package-edges.ts";
import { rules } from "./rules.ts";

const tree: Readonly<Record<string, string>> = {
  // Allowed: a lower package, a port's type, the host in its places, test support in a test.
  "packages/agent/src/allowed.ts":
    'import "@mvm/core"; import type { Server } from "node:net"; export type S = Server;',
  "packages/agent/src/ingress/host/listen.ts": 'import "node:net"; import "node:timers/promises";',
  "packages/agent/src/compose.ts": 'import "node:os";',
  "packages/agent/src/pure.ts": 'import "node:path"; import "node:crypto"; import "node:stream/promises";',
  "packages/agent/src/allowed.test.ts": 'import "@mvm/testing"; import "node:fs";',
  "packages/cli/src/main.ts": "",
  // Forbidden.
  "packages/runtime/src/upward.ts": 'import "@mvm/agent";',
  "packages/runtime/src/upward-type.ts": 'import type { A } from "@mvm/agent"; export type B = A;',
  "packages/build/src/sideways.ts": 'import "@mvm/runtime";',
  "packages/coordinator/src/lazy.ts": 'export const load = () => import("@mvm/agent");',
  "packages/guest/src/support.ts": 'import "@mvm/testing";',
  "packages/agent/src/deep.ts": 'import "../../core/src/inner.ts";',
  "packages/core/src/inner.ts": "",
  "packages/agent/src/one.ts": 'import "./two.ts";',
  "packages/agent/src/two.ts": 'import "./one.ts";',
  "packages/agent/src/files.ts": 'import "node:fs/promises";',
  "packages/agent/src/database.ts": 'import "node:sqlite";',
  "packages/agent/src/sleep.ts": 'import "node:timers/promises";',
  "packages/agent/src/uses-test.ts": 'import "./allowed.test.ts";',
  "packages/cli/src/uses-main.ts": 'import "./main.ts";',
  "packages/core/src/uses-script.ts": 'import "../../../scripts/build.ts";',
  "packages/core/src/lost.ts": 'import "./nowhere.ts";',
  "scripts/build.ts": "",
};

const expected = [
  "runtime-to-agent packages/runtime/src/upward.ts",
  "runtime-to-agent packages/runtime/src/upward-type.ts",
  "build-to-runtime packages/build/src/sideways.ts",
  "coordinator-to-agent packages/coordinator/src/lazy.ts",
  "guest-to-testing packages/guest/src/support.ts",
  "package-by-its-index packages/agent/src/deep.ts",
  "no-cycle packages/agent/src/one.ts",
  "host-only-in-adapters packages/agent/src/files.ts",
  "host-only-in-adapters packages/agent/src/database.ts",
  "host-only-in-adapters packages/agent/src/sleep.ts",
  "tests-are-leaves packages/agent/src/uses-test.ts",
  "programs-are-leaves packages/cli/src/uses-main.ts",
  "no-scripts-in-packages packages/core/src/uses-script.ts",
  "resolvable packages/core/src/lost.ts",
];

let root: string;
let outcome: CruiseOutcome;

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

before(async () => {
  root = mkdtempSync(join(tmpdir(), "mvm-edges-"));
  for (const name of packageNames) {
    plant(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@mvm/${name}`, type: "module", exports: { ".": "./src/index.ts" } }),
    );
    plant(`packages/${name}/src/index.ts`, "export type A = string;");
    mkdirSync(join(root, "node_modules", "@mvm"), { recursive: true });
    symlinkSync(join(root, "packages", name), join(root, "node_modules", "@mvm", name));
  }
  for (const [path, text] of Object.entries(tree)) plant(path, text);
  outcome = await cruiseTree(root, rules);
});

after(() => rmSync(root, { recursive: true }));

test("each planted violation is reported by its rule, and nothing else is", () => {
  assert.deepEqual(outcome.violations.map(({ rule, from }) => `${rule} ${from}`).sort(), expected.sort());
});

test("every file is cruised", () => {
  const planted = Object.keys(tree).filter((path) => path.startsWith("packages/"));
  assert.deepEqual(
    planted.filter((path) => !outcome.files.includes(path)),
    [],
  );
});

test("every rule says why", () => {
  assert.deepEqual(
    rules.filter(({ comment }) => comment === undefined || comment === "").map(({ name }) => name),
    [],
  );
});
