import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { InstanceId, Secret, isMvmError, nodeFiles, nodeRandom } from "@mvm/core";
import { createLinuxCommands } from "../host/commands.ts";
import { createLuksFileVolumes } from "./luks-file-volumes.ts";

const commands = createLinuxCommands();
const volumes = createLuksFileVolumes({ commands, files: nodeFiles, random: nodeRandom });
const instance = InstanceId.parse("acme-gw-0");
const tenantKey = new Secret(Buffer.alloc(32, 7));
let stateDir = "";
const keyPath = (): string => join(stateDir, "key");
const request = () => ({ instance, sizeMib: 16, tenantKey, stateDir, keyPath: keyPath() });

before(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "mvm-volume-"));
});
after(() => rm(stateDir, { recursive: true, force: true }));

test("a volume is made once and opens with its exposed key", async () => {
  const made = await volumes.ensureVolume(request());
  assert.equal(made.created, true);
  assert.equal((await stat(made.path)).size, 18 * 1024 * 1024);
  const header = await readFile(made.path);
  assert.deepEqual(await volumes.ensureVolume(request()), { path: made.path, created: false });
  assert.deepEqual(await readFile(made.path), header, "an existing volume is not touched");

  await volumes.openVolume(request());
  assert.deepEqual(await volumes.dataDrive(request()), { path: made.path, luksKeyPath: keyPath() });
  assert.match(await readFile(keyPath(), "utf8"), /^[0-9a-f]{64}$/, "text, as QEMU demands");
  const open = ["cryptsetup", "luksOpen", "--test-passphrase", "--key-file", keyPath(), made.path] as const;
  await commands.run({ argv: open, timeoutMs: 30_000 });
  await volumes.hideKey(request());
  assert.equal(await nodeFiles.stat(keyPath()), null);
});

test("a volume grows with what is asked for, and opens as before", async () => {
  const { path, created } = await volumes.ensureVolume({ ...request(), sizeMib: 24 });
  assert.equal(created, false);
  assert.equal((await stat(path)).size, 26 * 1024 * 1024);
  await volumes.ensureVolume(request());
  assert.equal((await stat(path)).size, 26 * 1024 * 1024, "never smaller");
  await volumes.openVolume(request());
  const open = ["cryptsetup", "luksOpen", "--test-passphrase", "--key-file", keyPath(), path] as const;
  await commands.run({ argv: open, timeoutMs: 30_000 });
  await volumes.closeVolume(request());
  assert.equal(await nodeFiles.stat(keyPath()), null);
});

test("another tenant's key opens nothing", async () => {
  const other = { ...request(), tenantKey: new Secret(Buffer.alloc(32, 8)) };
  await assert.rejects(volumes.ensureVolume(other), (error) => isMvmError(error, "MVM_KEY_UNSEAL_FAILED"));
});

test("a volume whose key is gone is refused, never made anew", async () => {
  const untouched = await readFile(join(stateDir, "data.luks"));
  await rm(join(stateDir, "data.key.sealed"));
  await assert.rejects(volumes.ensureVolume(request()), (error) => isMvmError(error, "MVM_VOLUME_FAILED"));
  assert.deepEqual(await readFile(join(stateDir, "data.luks")), untouched);
});

test("a creation cut short is taken up, and destroying leaves nothing", async () => {
  await volumes.destroyVolume(request());
  assert.deepEqual(await nodeFiles.list(stateDir), []);
  await nodeFiles.writeAtomic(join(stateDir, "data.luks.new"), "half a header");
  assert.equal((await volumes.ensureVolume(request())).created, true);
  assert.deepEqual(await nodeFiles.list(stateDir), ["data.key.sealed", "data.luks"]);
});
