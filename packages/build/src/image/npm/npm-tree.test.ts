import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { expectedPackages, readPackageLock } from "./npm-tree.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-lock-"));
});
after(() => rm(directory, { recursive: true }));

async function lockOf(packages: object): Promise<Awaited<ReturnType<typeof readPackageLock>>> {
  await writeFile(join(directory, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
  return readPackageLock(directory, nodeFiles);
}

test("what a complete installation holds: no development packages, none for other platforms", async () => {
  const lock = await lockOf({
    "": { name: "project" },
    "node_modules/plain": { version: "1.0.0" },
    "node_modules/dev": { dev: true },
    "node_modules/native": { optional: true, os: "linux", cpu: ["x64"], libc: "glibc" },
    "node_modules/musl": { optional: true, os: ["linux"], libc: ["musl"] },
    "node_modules/arm": { cpu: ["arm64"] },
    "node_modules/mac": { os: ["darwin"] },
    "node_modules/not-windows": { os: ["!win32"] },
    "node_modules/not-linux": { os: ["!linux"] },
    "node_modules/a/node_modules/nested": {},
  });
  assert.deepEqual(expectedPackages(lock), [
    "node_modules/plain",
    "node_modules/native",
    "node_modules/not-windows",
    "node_modules/a/node_modules/nested",
  ]);
});

for (const [name, text] of [
  ["missing", null],
  ["not JSON", "{"],
  ["of an older npm", JSON.stringify({ lockfileVersion: 1, dependencies: {} })],
] as const) {
  test(`a lock that is ${name} is an error that names it`, async () => {
    const path = join(directory, "package-lock.json");
    await rm(path, { force: true });
    if (text !== null) await writeFile(path, text);
    await assert.rejects(
      () => readPackageLock(directory, nodeFiles),
      (error) => isMvmError(error, "MVM_IMAGE_BUILD_FAILED") && error.message.includes(path),
    );
  });
}
