import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isMvmError } from "../errors/mvm-error.ts";
import { TenantId } from "../ids.ts";
import { nodeFiles } from "../node/files.ts";
import { nodeRandom } from "../node/random.ts";
import { openKeyStore, type KeyStore } from "./key-store.ts";

const acme = TenantId.parse("acme");
const globex = TenantId.parse("globex");
const isMissing = (error: unknown): boolean => isMvmError(error, "MVM_KEY_MISSING");

async function withStore(body: (dir: string, open: () => KeyStore) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "mvm-keys-"));
  try {
    await body(dir, () => openKeyStore(dir, { files: nodeFiles, random: nodeRandom }));
  } finally {
    await rm(dir, { recursive: true });
  }
}

test("a tenant's key is made once and is the same for whoever opens the store later", async () => {
  await withStore(async (_, open) => {
    const key = await open().ensureTenantKey(acme);
    assert.deepEqual((await open().ensureTenantKey(acme)).reveal(), key.reveal());
    assert.deepEqual((await open().tenantKey(acme)).reveal(), key.reveal());
    assert.notDeepEqual((await open().ensureTenantKey(globex)).reveal(), key.reveal());
    assert.deepEqual(await open().tenants(), [acme, globex]);
    await open().eraseTenantKey(acme);
    assert.deepEqual(await open().tenants(), [globex]);
  });
});

test("looking for a key makes nothing", async () => {
  await withStore(async (dir, open) => {
    await assert.rejects(open().tenantKey(acme), isMissing);
    assert.deepEqual(await open().tenants(), []);
    assert.deepEqual(await readdir(dir), []);
  });
});

test("a lost node key is said, and no other is put in its place while tenants' keys are there", async () => {
  await withStore(async (dir, open) => {
    await open().ensureTenantKey(acme);
    await rm(join(dir, "node.key"));
    await assert.rejects(open().tenantKey(acme), isMissing);
    await assert.rejects(open().ensureTenantKey(acme), isMissing);
    await assert.rejects(open().ensureTenantKey(globex), isMissing);
    assert.deepEqual(await readdir(dir), ["tenants"]);
  });
});

test("with the last tenant's key erased the store begins anew", async () => {
  await withStore(async (dir, open) => {
    await open().ensureTenantKey(acme);
    await open().eraseTenantKey(acme);
    await rm(join(dir, "node.key"));
    await open().ensureTenantKey(globex);
    assert.deepEqual(await readdir(join(dir, "tenants")), ["globex.key"]);
  });
});
