/**
 * Destroying a tenant erases its data wherever a copy of it lies: with the real coordinator and key store
 * and a real volume of dm-crypt. The copy is taken before, of the whole state directory with the
 * database and its log, and opens before; afterwards nothing that is left opens it.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  Fleet,
  InstanceId,
  isMvmError,
  nodeFiles,
  nodeRandom,
  openKeyStore,
  operatorRoutes as routes,
  Secret,
  seal,
  secretContext,
  SecretName,
  TenantId,
  unseal,
} from "@mvm/core";
import { createBlockDeviceVolumes, createLinuxCommands } from "@mvm/runtime";
import { withCoordinator } from "../running-coordinator.ts";
import { requires } from "../requirements.ts";

const PREFIX = "mvmshr";
const DEVICE = `/dev/mapper/${PREFIX}-acme-gw-0`;
const MARKER = "what the guest of acme wrote ".repeat(200);
const SECRET = "the secret value of acme";
const acme = TenantId.parse("acme");
const instance = InstanceId.parse("acme-gw-0");
const modelKey = SecretName.parse("model.key");
const claimed = { claimed_by: "alice" };
const fleet = Fleet.parse({
  schema_version: 1,
  tenants: ["acme", "globex"].map((id) => ({
    tenant_id: id,
    pools: [{ pool_id: "gw", role: "gateway", profile: "large", desired_counts: { running: 1 } }],
  })),
});

const skip = await requires("root", "volumes", "device-mapper");
const commands = createLinuxCommands();
const volumes = createBlockDeviceVolumes({ commands, files: nodeFiles, random: nodeRandom, namePrefix: PREFIX });

interface Attempt {
  readonly stateDir: string;
  readonly tenantKey: Secret;
}

const request = ({ stateDir, tenantKey }: Attempt) => {
  const directory = join(stateDir, "instances", instance);
  return { instance, sizeMib: 16, tenantKey, stateDir: directory, keyPath: join(directory, "never-written") };
};

/** The beginning of what is on the volume, opened with that key. @throws MvmError when it does not open */
async function readVolume(attempt: Attempt): Promise<string> {
  await volumes.openVolume(request(attempt));
  const device = await open(DEVICE, "r+");
  const { buffer } = await device.read(Buffer.alloc(MARKER.length), 0, MARKER.length, 0);
  await device.close();
  await volumes.closeVolume(request(attempt));
  return buffer.toString();
}

async function writeVolume(attempt: Attempt): Promise<void> {
  await nodeFiles.ensureDir(request(attempt).stateDir);
  await volumes.ensureVolume(request(attempt));
  await volumes.openVolume(request(attempt));
  const device = await open(DEVICE, "r+");
  await device.write(MARKER);
  await device.sync();
  await device.close();
  await volumes.closeVolume(request(attempt));
}

/** Every file below the directories, with its contents. */
async function filesBelow(...directories: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const directory of directories) {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) found.set(path, await readFile(path));
    }
  }
  return found;
}

/** A value in every form in which a file could hold it. */
const formsOf = (value: Buffer): readonly Buffer[] => [
  value,
  Buffer.from(value.toString("hex")),
  Buffer.from(value.toString("base64").replace(/=+$/, "")),
];

test("a destroyed tenant's data opens from no copy", { skip }, async () => {
  const backup = await mkdtemp(join(tmpdir(), "mvm-backup-"));
  try {
    await withCoordinator(async ({ client, agent, settings }) => {
      await client.call(routes.applyFleet, {
        body: { fleet, source_hash: "1".repeat(64), expected_version: null, ...claimed },
      });
      await agent.obey();
      const secretPlace = { params: { tenant: acme, name: modelKey } };
      await client.call(routes.setSecret, { ...secretPlace, body: { value: SECRET, ...claimed } });
      const keys = openKeyStore(settings.keysDir, { files: nodeFiles, random: nodeRandom });
      const tenantKey = await keys.tenantKey(acme);
      const sealedSecret =
        (await agent.spec())?.tenants.find(({ tenant_id: id }) => id === acme)?.secrets[modelKey] ?? "";
      const context = secretContext(acme, modelKey);
      await writeVolume({ stateDir: settings.stateDir, tenantKey });

      // The database is open and its log not yet taken in: the copy is that of a running system.
      await cp(settings.stateDir, backup, { recursive: true });
      const copied = await filesBelow(backup);
      assert.ok([...copied.keys()].some((path) => path.endsWith("coordinator.db-wal")));
      assert.equal(await readVolume({ stateDir: backup, tenantKey }), MARKER, "until then the copy opens");
      assert.equal(unseal(sealedSecret, { key: tenantKey, context }).reveal().toString(), SECRET);
      assert.ok(
        [...copied.values()].some((bytes) => bytes.includes(sealedSecret)),
        "the copy holds the sealed secret",
      );

      const passphrase = unseal(copied.get(join(backup, "instances", instance, "data.key.sealed"))?.toString() ?? "", {
        key: tenantKey,
        context: `instance/${instance}/volume-key`,
      }).reveal();
      const keyFile = await open(join(settings.keysDir, "tenants", "acme.key"), "r");
      const sealedTenantKey = (await keyFile.readFile()).toString();

      await client.call(routes.destroyTenant, { params: { tenant: acme }, body: claimed });
      for (let round = 0; round < 5; round += 1) await agent.obey();
      await assert.rejects(keys.tenantKey(acme), (error) => isMvmError(error, "MVM_KEY_MISSING"));
      const { buffer } = await keyFile.read(Buffer.alloc(sealedTenantKey.length), 0, sealedTenantKey.length, 0);
      await keyFile.close();
      assert.ok(
        buffer.every((byte) => byte === 0),
        "the file's blocks were overwritten before it was removed",
      );

      const left = await filesBelow(backup, settings.stateDir, settings.keysDir);
      const lost = [
        tenantKey.reveal(),
        Buffer.from(sealedTenantKey),
        passphrase,
        Buffer.from(passphrase.toString(), "hex"),
      ];
      for (const [path, bytes] of left) {
        for (const form of [...lost.flatMap(formsOf), Buffer.from(MARKER.slice(0, 60)), Buffer.from(SECRET)])
          assert.ok(!bytes.includes(form), `${path} holds a key or plain text`);
      }
      // Whatever else is left, taken for the key: the node's key, the other tenant's, the start of each file.
      const candidates = [
        (await keys.tenantKey(TenantId.parse("globex"))).reveal(),
        ...[...left.values()].filter((bytes) => bytes.length >= 32).map((bytes) => bytes.subarray(0, 32)),
      ];
      assert.ok(candidates.length > 5);
      for (const candidate of candidates) {
        const attempt = { stateDir: backup, tenantKey: new Secret(candidate) };
        await assert.rejects(readVolume(attempt), (error) => isMvmError(error, "MVM_KEY_UNSEAL_FAILED"));
        assert.throws(() => unseal(sealedSecret, { key: attempt.tenantKey, context }));
      }
      // A key of one's own under which a volume key of one's own is sealed: LUKS does not open.
      const own = new Secret(Buffer.alloc(32, 9));
      const sealedOwn = seal(
        new Secret("00".repeat(32)),
        { key: own, context: `instance/${instance}/volume-key` },
        nodeRandom,
      );
      await writeFile(join(backup, "instances", instance, "data.key.sealed"), sealedOwn);
      await assert.rejects(readVolume({ stateDir: backup, tenantKey: own }), (error) =>
        isMvmError(error, "MVM_VOLUME_FAILED"),
      );
    });
  } finally {
    await rm(backup, { recursive: true });
  }
});
