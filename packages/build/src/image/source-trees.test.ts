import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { createLinuxCommands } from "@mvm/testing";
import { npmProjectHash, packTreeRequest, treeHash, unpackTreeRequest } from "./source-trees.ts";

const ports = { commands: createLinuxCommands(), files: nodeFiles };
const scratch = await mkdtemp(join(tmpdir(), "mvm-trees-"));
const tree = join(scratch, "tree");
after(() => rm(scratch, { recursive: true }));

beforeEach(async () => {
  await rm(scratch, { recursive: true });
  await mkdir(join(tree, "usr/bin"), { recursive: true });
  await writeFile(join(tree, "usr/bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(tree, "settings"), "a=1\n", { mode: 0o644 });
  await symlink("tool", join(tree, "usr/bin/link"));
});

const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  "a changed file": () => writeFile(join(tree, "settings"), "a=2\n"),
  "a new file": () => writeFile(join(tree, "more"), ""),
  "another name": () => mkdir(join(tree, "empty")),
  "a file made executable": () => chmod(join(tree, "settings"), 0o755),
  "a link that leads elsewhere": async () => {
    await rm(join(tree, "usr/bin/link"));
    await symlink("other", join(tree, "usr/bin/link"));
  },
};

for (const [what, change] of Object.entries(changes)) {
  test(`${what} makes another tree`, async () => {
    const before = await treeHash(tree, ports);
    await change();
    assert.notEqual(await treeHash(tree, ports), before);
  });
}

test("times and what a umask takes away make no other tree", async () => {
  const before = await treeHash(tree, ports);
  await utimes(join(tree, "settings"), 1, 1);
  await chmod(join(tree, "settings"), 0o600);
  await chmod(join(tree, "usr/bin/tool"), 0o700);
  assert.equal(await treeHash(tree, ports), before);
});

test("a directory that is missing is an error that names it", async () => {
  const missing = join(scratch, "missing");
  await assert.rejects(
    () => treeHash(missing, ports),
    (error) => isMvmError(error, "MVM_IMAGE_BUILD_FAILED") && error.message.includes(missing),
  );
});

test("a tree is unpacked with the modes that git keeps, through what links to directories there", async () => {
  await chmod(join(tree, "settings"), 0o600);
  const [archive, root] = [join(scratch, "tree.tar"), join(scratch, "root")];
  await mkdir(join(root, "merged/bin"), { recursive: true });
  await symlink("merged", join(root, "usr"));
  await ports.commands.run(packTreeRequest(tree, archive));
  await ports.commands.run(unpackTreeRequest(archive, root));
  assert.equal(((await nodeFiles.stat(join(root, "settings")))?.mode ?? 0) & 0o777, 0o644);
  assert.equal(((await nodeFiles.stat(join(root, "merged/bin/tool")))?.mode ?? 0) & 0o777, 0o755);
  assert.equal((await nodeFiles.stat(join(root, "usr")))?.kind, "symlink");
});

test("of an npm project only what npm reads counts", async () => {
  await writeFile(join(tree, "package-lock.json"), "{}");
  const before = await npmProjectHash(tree, nodeFiles);
  await writeFile(join(tree, "profile.toml"), "# a comment");
  assert.equal(await npmProjectHash(tree, nodeFiles), before);
  await writeFile(join(tree, ".npmrc"), "legacy-peer-deps=true");
  assert.notEqual(await npmProjectHash(tree, nodeFiles), before);
});
