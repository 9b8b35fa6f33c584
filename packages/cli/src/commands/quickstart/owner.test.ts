import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after, beforeEach } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { claimDirectory } from "./own-directory.ts";
import {
  type Owner,
  ownerOfDirectory,
  ownerText,
  refuseOtherKind,
  refuseOtherOwner,
  removeOwnerBeside,
  writeOwnerBeside,
} from "./owner.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-owner-"));
after(() => rmSync(base, { recursive: true }));
let at = base;
beforeEach(() => {
  at = mkdtempSync(join(base, "one-"));
});

/** The quickstart of `<at>/<name>/mvm.toml`, which exists. */
function owner(name: string): Owner {
  mkdirSync(join(at, name), { recursive: true });
  writeFileSync(join(at, name, "mvm.toml"), "");
  return {
    config: join(at, name, "mvm.toml"),
    kind: "full",
    node: {
      name: "quickstart",
      state_dir: join(at, "state"),
      runtime_dir: join(at, "run"),
      keys_dir: join(at, "keys"),
    },
    network: { name_prefix: "mvmqs" },
  };
}

async function install(installed: Owner): Promise<void> {
  const { state_dir: state, runtime_dir: run, keys_dir: keys } = installed.node;
  for (const dir of [state, run, keys]) await claimDirectory(nodeFiles, dir, ownerText(installed));
  await writeOwnerBeside(nodeFiles, installed);
}

const refused =
  (...words: readonly string[]) =>
  (error: unknown): boolean =>
    isMvmError(error, "MVM_QUICKSTART_REFUSED") &&
    words.every((word) => `${error.message} ${error.remedy}`.includes(word));

test("the one that made it, and anyone where nothing is installed, may go on", async () => {
  const first = owner("first");
  await refuseOtherOwner(nodeFiles, first);
  await install(first);
  await refuseOtherOwner(nodeFiles, first);
  assert.deepEqual(await ownerOfDirectory(nodeFiles, first.node.state_dir), first);
});

test("another clone's is refused: both configs and the way out are named", async () => {
  const [first, second] = [owner("first"), owner("second")];
  await install(first);
  const wayOut = `--down --dir ${dirname(first.config)}`;
  await assert.rejects(refuseOtherOwner(nodeFiles, second), refused(first.config, second.config, wayOut));
});

test("a clone that was moved takes its own place", async () => {
  const [first, second] = [owner("first"), owner("second")];
  await install(first);
  rmSync(first.config);
  await refuseOtherOwner(nodeFiles, second);
});

const changes: readonly (readonly [string, string, string, (from: Owner) => Owner])[] = [
  ["network.name_prefix", "mvmqs", "mvmnew", (from) => ({ ...from, network: { name_prefix: "mvmnew" } })],
  ["node.name", "quickstart", "other", (from) => ({ ...from, node: { ...from.node, name: "other" } })],
  ["node.state_dir", "/state", "/new", (from) => ({ ...from, node: { ...from.node, state_dir: "/new" } })],
  ["node.runtime_dir", "/run", "/new", (from) => ({ ...from, node: { ...from.node, runtime_dir: "/new" } })],
  ["node.keys_dir", "/keys", "/new", (from) => ({ ...from, node: { ...from.node, keys_dir: "/new" } })],
  [
    "node.state_dir",
    "/state",
    "/new",
    (from) => ({ ...from, node: { ...from.node, state_dir: "/new", runtime_dir: "/newer" } }),
  ],
];
for (const [setting, before, now, change] of changes) {
  test(`${setting} edited to ${now} below an installation is refused, both values named`, async () => {
    const first = owner("first");
    await install(first);
    await assert.rejects(refuseOtherOwner(nodeFiles, change(first)), refused(setting, before, now));
  });
}

test("what was removed binds nobody", async () => {
  const first = owner("first");
  await install(first);
  const { state_dir: state, runtime_dir: run, keys_dir: keys } = first.node;
  for (const dir of [state, run, keys]) rmSync(dir, { recursive: true });
  await refuseOtherOwner(nodeFiles, { ...first, network: { name_prefix: "mvmnew" } });
  await removeOwnerBeside(nodeFiles, first.config);
});

for (const [kind, installed] of [
  ["full", "minimal"],
  ["minimal", "full"],
] as const) {
  test(`${kind} over ${installed} is refused with the way out, over itself it is not`, () => {
    const wanted = { ...owner("first"), kind };
    refuseOtherKind(null, wanted);
    refuseOtherKind(wanted, wanted);
    assert.throws(
      () => refuseOtherKind({ ...wanted, kind: installed }, wanted),
      refused("Take it down first: npm run"),
    );
  });
}
