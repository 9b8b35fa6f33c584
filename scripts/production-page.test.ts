/** docs/production.md and the example that it starts from, held against the program. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { loadConfig, loadFleet, nodeFiles, resolveType } from "@mvm/core";
import * as z from "zod";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/production.md"), "utf8");

test("the example is valid, for mode production, and declares every type of the page's fleet", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "mvm-example-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const example = readFileSync(join(root, "examples/production/mvm.toml"), "utf8");
  // An installation has the clone's files at the same places.
  writeFileSync(join(dir, "mvm.toml"), example.replaceAll("/opt/mvm/", `${root}/`));
  const { config } = await loadConfig({ flag: "mvm.toml", cwd: dir, files: nodeFiles });
  assert.equal(config.node.mode, "production");
  assert.deepEqual(config.images.accept, ["debian"]);
  const [roles, profiles] = [config.microvms.roles, config.microvms.profiles].map((table) => Object.keys(table).length);
  assert.ok(page.includes(`is valid: ${roles} roles, ${profiles} profiles\n`));
  const { fleet } = await loadFleet(join(root, "examples/quickstart/fleet.toml"), { cwd: dir, files: nodeFiles });
  for (const { role, profile } of fleet.tenants.flatMap(({ pools }) => pools)) {
    assert.doesNotThrow(() => resolveType(config.microvms, role, profile));
    assert.ok(page.includes(`mvm image build ${role} ${profile}\n`), `${role} ${profile}`);
  }
});

test("the page names every Debian package that mvm needs, and no other", () => {
  const lines = [...page.matchAll(/^apt-get install --no-install-recommends (.+)$/gm)].map(([, names = ""]) => names);
  assert.equal(lines.length, 2, "one line to run, one to build images");
  const reasons = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(root, "scripts/debian-packages.json"), "utf8")));
  const needed = Object.keys(reasons).filter((name) => !reasons[name]?.includes("development"));
  assert.deepEqual([...new Set(lines.flatMap((names) => names.split(" ")))].sort(), needed.sort());
});

test("the page names the release of Firecracker that the driver takes", () => {
  const versions = readFileSync(join(root, "packages/runtime/src/vmm/firecracker/suitability/versions.ts"), "utf8");
  const version = /^export const SUPPORTED_VERSIONS = "(.+)";$/m.exec(versions)?.[1] ?? assert.fail("no versions");
  assert.ok(page.includes(`Release ${version} `));
  for (const program of ["firecracker", "jailer"])
    assert.ok(page.includes(`/${program}-v${version}-x86_64 /opt/firecracker/${program}\n`), program);
});

test("the page leads to the example's places", () => {
  for (const place of ["/opt/mvm", "/opt/firecracker", "/etc/mvm/mvm.toml", "examples/production/mvm.toml"])
    assert.ok(page.includes(place), place);
});
