import assert from "node:assert/strict";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  Fleet,
  InstanceId,
  isMvmError,
  nodeClock,
  nodeFiles,
  nodeRandom,
  openKeyStore,
  operatorRoutes as routes,
  secretContext,
  SecretName,
  TenantId,
  unseal,
  type Clock,
  type UnixClient,
} from "@mvm/core";
import { instanceStatus, withCoordinator } from "@mvm/testing";

const acme = TenantId.parse("acme");
const claimed = { claimed_by: "alice" };
const twoTenants = Fleet.parse({
  schema_version: 1,
  tenants: ["acme", "globex"].map((id) => ({
    tenant_id: id,
    pools: [
      { pool_id: "gw", role: "gateway", profile: "large", desired_counts: { running: 1 } },
      { pool_id: "wk", role: "worker", profile: "small", desired_counts: { running: 1 } },
    ],
  })),
});

const apply = (client: UnixClient, fleet: Fleet) =>
  client.call(routes.applyFleet, { body: { fleet, source_hash: "1".repeat(64), expected_version: null, ...claimed } });
const show = async (client: UnixClient, id: string) =>
  (await client.call(routes.getInstance, { params: { instance: id } })).instance;
const command = (id: string) => ({ params: { instance: id }, body: claimed });

/** The machine's clock, moved on by hand. */
function shiftedClock(): { readonly clock: Clock; readonly shift: (ms: number) => void } {
  let offset = 0;
  return { clock: { ...nodeClock, nowMs: () => nodeClock.nowMs() + offset }, shift: (ms) => (offset += ms) };
}

test("stop and start are holds with an end, seen by the agent and in the views", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client, twoTenants);
    await agent.obey();
    const stopped = await client.call(routes.stopInstance, command("acme-wk-0"));
    assert.deepEqual(
      [stopped.instance.goal, stopped.instance.wanted, stopped.instance.observed],
      ["stopped", "running", false],
    );
    assert.deepEqual(
      [stopped.instance.hold?.kind, stopped.instance.hold?.wanted, stopped.instance.hold?.by],
      ["hard", "stopped", "alice"],
    );
    assert.match(stopped.note ?? "", /^the pool's counts want it running: it starts when the hold ends at /);
    assert.equal((await agent.spec())?.generation, stopped.generation);
    await agent.obey();
    assert.deepEqual(
      [(await show(client, "acme-wk-0")).status?.state, (await show(client, "acme-wk-0")).observed],
      ["stopped", true],
    );

    const started = await client.call(routes.startInstance, command("acme-wk-0"));
    assert.deepEqual([started.instance.hold?.kind, started.instance.goal, started.note], ["soft", "running", null]);
    await agent.obey();
    assert.equal((await show(client, "acme-wk-0")).status?.state, "running");
    const { records } = await client.call(routes.listAudit, {
      query: { instance: InstanceId.parse("acme-wk-0"), limit: 2 },
    });
    assert.deepEqual(
      records.map(({ entry }) => [entry.event, entry.from, entry.to, entry.claimed_by]),
      [
        ["instance.hold", "stopped", "running", "alice"],
        ["instance.hold", "running", "stopped", "alice"],
      ],
    );
  });
});

test("a hold ends by itself when its time has come, also over a restart, and once", async () => {
  const { clock, shift } = shiftedClock();
  await withCoordinator(
    async ({ client, restart }) => {
      await apply(client, twoTenants);
      const { instance, generation } = await client.call(routes.stopInstance, command("acme-wk-0"));
      assert.equal(Math.round((Date.parse(instance.hold?.until ?? "") - Date.now()) / 60_000), 30);
      await restart();
      assert.equal((await show(client, "acme-wk-0")).goal, "stopped");
      shift(1801 * 1000);
      await restart();
      const ended = await waitForInstance(client, "acme-wk-0", ({ hold }) => hold === null);
      assert.deepEqual([ended.goal, ended.generation], ["running", generation + 1]);
      const { records } = await client.call(routes.listAudit, { query: { cause: "timer" } });
      assert.deepEqual(
        records.map(({ entry }) => [entry.event, entry.instance_id]),
        [["instance.hold.ended", "acme-wk-0"]],
      );
    },
    { clock },
  );
});

async function waitForInstance(
  client: UnixClient,
  id: string,
  isDone: (instance: Awaited<ReturnType<typeof show>>) => boolean,
) {
  let revision = -1;
  for (let look = 0; look < 20; look += 1) {
    const answer = await client.call(routes.getInstance, {
      params: { instance: id },
      query: { after_revision: revision, wait_ms: 1000 },
    });
    if (isDone(answer.instance)) return answer.instance;
    revision = answer.revision;
  }
  throw new Error(`${id} did not get there`);
}

test("a destroyed instance goes when its node says so and comes back new while the counts want it", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client, twoTenants);
    await agent.obey();
    const before = await show(client, "acme-wk-0");
    const { instance, note } = await client.call(routes.destroyInstance, command("acme-wk-0"));
    assert.deepEqual([instance.goal, instance.volume_uuid], ["destroyed", before.volume_uuid]);
    assert.match(note ?? "", /comes back new, with an empty data volume/);
    for (const route of [routes.startInstance, routes.stopInstance]) {
      await assert.rejects(
        client.call(route, command("acme-wk-0")),
        (error) => isMvmError(error, "MVM_STATE_INVALID_TRANSITION") && /being destroyed/.test(error.message),
      );
    }
    const spec = await agent.spec();
    const busy = instanceStatus({ instance_id: before.instance_id, state: "destroying" });
    await agent.obey({ instances: [busy] });
    assert.equal((await show(client, "acme-wk-0")).goal, "destroyed", "not gone while its node still has it");
    assert.equal((await agent.spec())?.generation, spec?.generation);

    await agent.obey();
    const after = await show(client, "acme-wk-0");
    assert.equal(after.goal, "running");
    assert.notEqual(after.volume_uuid, before.volume_uuid);
    assert.notEqual(after.ipv4, before.ipv4);
  });
});

test("a destroyed instance beyond the counts stays away", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client, twoTenants);
    const tenants = twoTenants.tenants.map((tenant) => ({
      ...tenant,
      pools: tenant.pools.map((pool) => ({ ...pool, desired_counts: { running: 0 } })),
    }));
    await apply(client, { ...twoTenants, tenants });
    await agent.obey();
    assert.equal((await client.call(routes.destroyInstance, command("acme-wk-0"))).note, null);
    await agent.obey();
    await assert.rejects(show(client, "acme-wk-0"), (error) => isMvmError(error, "MVM_INSTANCE_NOT_FOUND"));
  });
});

test("a destroyed tenant is erased in order: instances, network, then rows, secrets and key; the other one stays", async () => {
  await withCoordinator(async ({ client, agent, settings, restart }) => {
    await apply(client, twoTenants);
    await agent.obey();
    const keyFile = join(settings.keysDir, "tenants", "acme.key");
    await access(keyFile);
    await client.call(routes.destroyTenant, { params: { tenant: "acme" }, body: claimed });
    const again = await client.call(routes.destroyTenant, { params: { tenant: "acme" }, body: claimed });
    assert.equal(again.tenant_id, "acme", "asking again is the same");
    assert.deepEqual(
      (await client.call(routes.getFleet)).fleet.tenants.map(({ tenant_id: id }) => id),
      ["globex"],
    );
    await assert.rejects(apply(client, twoTenants), (error) => isMvmError(error, "MVM_TENANT_BEING_DESTROYED"));
    await assert.rejects(
      client.call(routes.setSecret, {
        params: { tenant: "acme", name: "model.key" },
        body: { value: "x", ...claimed },
      }),
      (error) => isMvmError(error, "MVM_TENANT_BEING_DESTROYED"),
    );
    const ordered = (await agent.spec())?.tenants.find(({ tenant_id: id }) => id === "acme");
    assert.deepEqual(
      [ordered?.wanted, ordered?.pools.flatMap(({ instances }) => instances.map(({ wanted }) => wanted))],
      ["destroyed", ["destroyed", "destroyed"]],
    );

    await agent.obey({ tenants: [acme] });
    const emptied = (await agent.spec())?.tenants.find(({ tenant_id: id }) => id === "acme");
    assert.deepEqual([emptied?.wanted, emptied?.pools.flatMap(({ instances }) => instances)], ["destroyed", []]);
    await agent.obey({ tenants: [acme] });
    await access(keyFile);
    await restart();
    await agent.obey();
    await assert.rejects(access(keyFile));
    assert.deepEqual(
      (await agent.spec())?.tenants.map(({ tenant_id: id }) => id),
      ["globex"],
    );
    await assert.rejects(client.call(routes.getTenant, { params: { tenant: "acme" } }), (error) =>
      isMvmError(error, "MVM_TENANT_NOT_FOUND"),
    );
    const { records } = await client.call(routes.listAudit, { query: { tenant: acme, limit: 1 } });
    assert.equal(records[0]?.entry.event, "tenant.removed");

    await agent.obey();
    const { plan } = await apply(client, twoTenants);
    assert.deepEqual(
      plan.changes
        .filter(({ kind }) => kind === "tenant")
        .map(({ action, tenant_id: id, reason }) => [action, id, reason]),
      [["create", "acme", "subnet 10.64.3.0/24; makes the secrets gateway.token"]],
    );
  });
});

test("secrets are sealed under their tenant's key, listed without values, and only those that a type sees", async () => {
  const marker = "marker-of-a-secret-value";
  await withCoordinator(async ({ client, agent, settings, log }) => {
    await apply(client, twoTenants);
    const set = (name: string, value: string) =>
      client.call(routes.setSecret, { params: { tenant: "acme", name }, body: { value, ...claimed } });
    const answer = await set("model.key", marker);
    assert.deepEqual(
      [answer.secrets_epoch, answer.secret.name, answer.secret.set, answer.secret.epoch, answer.secret.generated],
      [2, "model.key", true, 2, false],
    );
    const listed = await client.call(routes.listSecrets, { params: { tenant: "acme" } });
    assert.deepEqual(
      listed.secrets.map((secret) => [
        secret.name,
        secret.set,
        secret.required,
        secret.generated,
        secret.epoch,
        secret.seen_by,
      ]),
      [
        ["gateway.token", true, true, true, 1, ["gateway/large"]],
        ["model.key", true, false, false, 2, ["gateway/large"]],
        ["pairing.key", false, false, false, null, ["worker/small"]],
      ],
    );

    const tenant = (await agent.spec())?.tenants[0];
    assert.equal(tenant?.secrets_epoch, 2);
    const keys = openKeyStore(settings.keysDir, { files: nodeFiles, random: nodeRandom });
    const open = async (name: string, key = acme): Promise<string> => {
      const secretName = SecretName.parse(name);
      return unseal(tenant.secrets[secretName] ?? "", {
        key: await keys.tenantKey(key),
        context: secretContext(acme, secretName),
      })
        .reveal()
        .toString();
    };
    assert.equal(await open("model.key"), marker);
    assert.equal((await open("gateway.token")).length, 43);
    await assert.rejects(open("model.key", TenantId.parse("globex")), (error) =>
      isMvmError(error, "MVM_KEY_UNSEAL_FAILED"),
    );

    await assert.rejects(
      set("telegram.token", "x"),
      (error) =>
        isMvmError(error, "MVM_SECRET_INVALID") && /gateway\.token, model\.key, pairing\.key/.test(error.remedy),
    );
    await assert.rejects(set("Not A Name", "x"), (error) => isMvmError(error, "MVM_SECRET_INVALID"));
    const everything = [
      ...log,
      JSON.stringify([answer, listed, await client.call(routes.listAudit)]),
      ...(await contentsBelow(settings.stateDir)),
    ].join("\n");
    assert.equal(everything.includes(marker), false);
    assert.ok(everything.includes("secret.set"));
  });
});

async function contentsBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
  );
}

test("what is not there is named: tenant, pool's tenant, instance, node", async () => {
  await withCoordinator(async ({ client }) => {
    const missing = [
      [client.call(routes.getTenant, { params: { tenant: "nobody" } }), "MVM_TENANT_NOT_FOUND"],
      [client.call(routes.getTenant, { params: { tenant: "NOT AN ID" } }), "MVM_TENANT_NOT_FOUND"],
      [client.call(routes.listPools, { query: { tenant: "nobody" } }), "MVM_TENANT_NOT_FOUND"],
      [client.call(routes.destroyTenant, { params: { tenant: "nobody" }, body: claimed }), "MVM_TENANT_NOT_FOUND"],
      [client.call(routes.listSecrets, { params: { tenant: "nobody" } }), "MVM_TENANT_NOT_FOUND"],
      [show(client, "nobody-gw-0"), "MVM_INSTANCE_NOT_FOUND"],
      [show(client, "nobody"), "MVM_INSTANCE_NOT_FOUND"],
      [client.call(routes.stopInstance, command("nobody-gw-0")), "MVM_INSTANCE_NOT_FOUND"],
      [client.call(routes.getNode, { params: { node: "node-9" } }), "MVM_NODE_NOT_FOUND"],
    ] as const;
    for (const [call, code] of missing) await assert.rejects(call, (error) => isMvmError(error, code));
  });
});
