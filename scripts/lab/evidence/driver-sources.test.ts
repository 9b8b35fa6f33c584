import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { CONFINING, driverSources } from "./driver-sources.ts";

const root = join(import.meta.dirname, "../../..");

test("every path that the list of sources names is there", () => {
  assert.deepEqual(
    CONFINING.filter((pattern) => globSync(pattern, { cwd: root }).length === 0),
    [],
  );
});

test("no test is among the sources, nothing of the other driver, and nothing twice", () => {
  const sources = driverSources(root);
  assert.ok(sources.includes("packages/runtime/src/vmm/driver.ts"));
  assert.ok(sources.some((path) => path.startsWith("packages/runtime/src/vmm/firecracker/")));
  assert.deepEqual(
    sources.filter((path) => path.endsWith(".test.ts") || path.includes("/vmm/qemu/")),
    [],
  );
  assert.equal(new Set(sources).size, sources.length);
});
