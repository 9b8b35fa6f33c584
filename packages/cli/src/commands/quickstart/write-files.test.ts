import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { QEMU_MEM_OVERHEAD } from "@mvm/agent";
import { loadConfig, loadFleet, nodeFiles } from "@mvm/core";
import { capturedOutput } from "@mvm/testing";
import { checkRoom, wantedMemMib, wantedTypes } from "./sizing.ts";
import { quickstartFiles, standings, writeConfigFile, writeFleetFile, type WriteRequest } from "./write-files.ts";

const root = join(import.meta.dirname, "../../../../..");
/** As the README asks for. */
const machineFor = (minimal: boolean) => ({ cpus: 2, memMib: (minimal ? 8 : 12) * 1024 });
const base = mkdtempSync(join(tmpdir(), "mvm-quickstart-"));
after(() => rmSync(base, { recursive: true }));
let made = 0;

async function writeQuickstartFiles(context: Parameters<typeof writeConfigFile>[0], request: WriteRequest) {
  await writeConfigFile(context, request);
  await writeFleetFile(context, request);
  return quickstartFiles(request.dir);
}

function setting(minimal: boolean) {
  made += 1;
  const stderr = capturedOutput();
  return {
    request: { dir: join(base, String(made)), root, minimal, machine: machineFor(minimal) },
    context: { files: nodeFiles, stderr },
    stderr,
  };
}

for (const minimal of [false, true]) {
  test(`${minimal ? "--minimal" : "the main job"}: both files are good, their types are declared, the memory is enough`, async () => {
    const { request, context } = setting(minimal);
    const paths = await writeQuickstartFiles(context, request);
    const { config, rule } = await loadConfig({ flag: paths.config, cwd: request.dir, files: nodeFiles });
    assert.equal(rule, "flag");
    assert.equal(config.node.parallel_starts, machineFor(minimal).cpus);
    const { fleet } = await loadFleet(paths.fleet, { cwd: request.dir, files: nodeFiles });
    assert.deepEqual(
      fleet.tenants.map((tenant) => tenant.pools.map((pool) => pool.desired_counts.running)),
      [
        [1, 1],
        [1, 1],
      ],
    );
    for (const { role, profile } of wantedTypes(fleet)) {
      assert.ok(
        Object.values(config.microvms.roles).some(({ profiles }) => profiles.some((name) => name === profile)),
        `${role}/${profile}`,
      );
    }
    const wantedMib = wantedMemMib({ fleet, microvms: config.microvms, overhead: QEMU_MEM_OVERHEAD.emulated });
    checkRoom(machineFor(minimal), { wantedMib, reservedMib: config.node.reserved_mem_mib });
  });
}

test("the node's uids are none of a node's with the default range, which may stand beside it", async () => {
  const { request, context } = setting(false);
  const { config: flag } = await writeQuickstartFiles(context, request);
  const uidRange = async (): Promise<readonly [number, number]> =>
    (await loadConfig({ flag, cwd: request.dir, files: nodeFiles })).config.node.uid_range;
  const [first, last] = await uidRange();
  writeFileSync(flag, readFileSync(flag, "utf8").replace(/^uid_range = .*$/m, ""));
  const [defaultFirst, defaultLast] = await uidRange();
  assert.ok(last < defaultFirst || first > defaultLast, `${first} to ${last}`);
});

test("an edited file is kept and named, an untouched one of another kind is replaced", async () => {
  const { request, context, stderr } = setting(false);
  const paths = await writeQuickstartFiles(context, request);
  writeFileSync(paths.config, `${readFileSync(paths.config, "utf8")}# mine\n`);
  await writeQuickstartFiles(context, { ...request, minimal: true });
  assert.match(readFileSync(paths.config, "utf8"), /# mine\n$/);
  assert.match(readFileSync(paths.fleet, "utf8"), /for a fast try/);
  assert.ok(stderr.text().includes(`kept ${paths.config}: you edited it`));
  assert.deepEqual(
    (await standings(nodeFiles, request)).map(({ standing }) => standing),
    ["edited", "outdated"],
  );
});

test("written twice, nothing is said the second time", async () => {
  const { request, context } = setting(false);
  await writeQuickstartFiles(context, request);
  const stderr = capturedOutput();
  await writeQuickstartFiles({ ...context, stderr }, request);
  assert.equal(stderr.text(), "");
});

test("in the clone the types are reached by a relative path, so that the clone can be moved", async () => {
  const { request, context } = setting(false);
  const fakeRoot = join(base, "clone");
  await nodeFiles.ensureDir(join(fakeRoot, "examples", "quickstart"));
  for (const name of ["mvm.toml.in", "fleet.toml"])
    writeFileSync(
      join(fakeRoot, "examples", "quickstart", name),
      readFileSync(join(root, "examples", "quickstart", name)),
    );
  const inside = await writeQuickstartFiles(context, { ...request, root: fakeRoot, dir: join(fakeRoot, "quickstart") });
  assert.match(readFileSync(inside.config, "utf8"), /include = \["\.\.\/microvms\/roles\/\*\.toml"/);
  const outside = await writeQuickstartFiles(context, { ...request, root: fakeRoot, dir: join(base, "far", "away") });
  assert.ok(readFileSync(outside.config, "utf8").includes(`include = ["${fakeRoot}/microvms/roles/*.toml"`));
});
