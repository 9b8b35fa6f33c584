/**
 * Part of the store's conformance suite: holds, destruction and secrets.
 */
import assert from "node:assert/strict";
import { COORDINATOR_WRITER, Fleet, SecretName, type ChangedRows, type CoordinatorDraft } from "@mvm/core";
import { instanceRow, poolRow, TEST_NODE, TEST_TIME } from "../desired-rows.ts";
import { acme, acmeGw0, hold, draft, noRows, fleetCommit, applyAcme, withCode, type StoreCase } from "./fixtures.ts";

export const commandCases: readonly StoreCase[] = [
  [
    "keeps a hold until its end and ends it once",
    async (store) => {
      await applyAcme(store);
      await store.putHold({ instanceId: acmeGw0, hold, audit: [draft("instance.hold", acme)] });
      assert.deepEqual((await store.readDesired()).instances[0]?.hold, hold);
      const ended = (): CoordinatorDraft => draft("instance.hold.ended", acme);
      assert.equal(await store.endHolds("2026-11-21T12:29:59.999Z", ended), null);
      assert.equal((await store.endHolds("2026-11-21T12:30:00.000Z", ended))?.generation, 3);
      assert.equal((await store.readDesired()).instances[0]?.hold, null);
      assert.equal(await store.endHolds("2026-11-21T12:31:00.000Z", ended), null);
      const events = (await store.readChain(COORDINATOR_WRITER, acme)).map((entry) => [entry.event, entry.generation]);
      assert.deepEqual(events.slice(1), [
        ["instance.hold", 2],
        ["instance.hold.ended", 3],
      ]);
    },
  ],

  [
    "never ends a hold without an end",
    async (store) => {
      await applyAcme(store);
      await store.putHold({ instanceId: acmeGw0, hold: { ...hold, until: null }, audit: [] });
      assert.equal(await store.endHolds("2999-01-01T00:00:00.000Z", () => draft("instance.hold.ended", acme)), null);
    },
  ],

  [
    "lets nothing bring back an instance that is being destroyed",
    async (store) => {
      await applyAcme(store);
      await store.putHold({ instanceId: acmeGw0, hold, audit: [] });
      await store.orderInstanceDestruction(acmeGw0, [draft("instance.destroy.ordered", acme)]);
      const row = (await store.readDesired()).instances[0];
      assert.ok(row !== undefined);
      assert.deepEqual([row.wanted, row.hold, row.generation], ["destroyed", null, 3]);
      await assert.rejects(store.putHold({ instanceId: acmeGw0, hold, audit: [] }), withCode("MVM_STORE_CONFLICT"));
      const revive = await fleetCommit(store, { instances: [{ ...row, wanted: "running" }] });
      await assert.rejects(store.applyFleet(revive), withCode("MVM_STORE_FAILED"));
    },
  ],

  [
    "replaces a destroyed instance by a new one of the same number",
    async (store) => {
      await applyAcme(store);
      await store.orderInstanceDestruction(acmeGw0, []);
      const { generation, tenants } = await store.readDesired();
      const successor = instanceRow(poolRow("acme", "gw"), 0, { slot: 11 });
      const successors: ChangedRows = {
        ...noRows,
        tenants: tenants.map((tenant) => ({ ...tenant, nextSlot: 12 })),
        instances: [successor],
      };
      const replacement = { expectedGeneration: generation, removed: [acmeGw0], successors, audit: [] };
      await store.replaceInstances(replacement);
      const after = await store.readDesired();
      assert.deepEqual(after.instances, [{ ...successor, generation: 3 }]);
      assert.equal(after.tenants[0]?.nextSlot, 12);
      await assert.rejects(store.replaceInstances(replacement), withCode("MVM_STORE_CONFLICT"));
    },
  ],

  [
    "destroys a tenant in order: instances first, then all of it but its audit",
    async (store) => {
      await applyAcme(store);
      const at = { at: TEST_TIME, by: "root", fleet: Fleet.parse({ schema_version: 1 }) };
      const expectedGeneration = (await store.readDesired()).generation;
      await store.orderTenantDestruction({
        ...at,
        expectedGeneration,
        tenantId: acme,
        audit: [draft("tenant.destroy.ordered", acme)],
      });
      const ordered = await store.readDesired();
      assert.equal(ordered.tenants[0]?.standing, "destroying");
      assert.equal(ordered.instances[0]?.wanted, "destroyed");
      assert.deepEqual((await store.readFleet()).fleet.tenants, []);
      assert.equal((await store.readFleet()).version, 2);

      await assert.rejects(store.removeTenant(acme, [draft("tenant.removed", acme)]), withCode("MVM_STORE_CONFLICT"));
      await store.replaceInstances({
        expectedGeneration: ordered.generation,
        removed: [acmeGw0],
        successors: noRows,
        audit: [],
      });
      const committed = await store.removeTenant(acme, [draft("tenant.removed", acme)]);
      assert.deepEqual(committed.nodes, [{ nodeId: TEST_NODE, generation: committed.generation }]);
      const rows = await store.readNodeRows(TEST_NODE);
      assert.deepEqual([rows.tenants, rows.pools, rows.instances, rows.secrets], [[], [], [], []]);
      const events = (await store.readChain(COORDINATOR_WRITER, acme)).map((entry) => entry.event);
      assert.deepEqual(events, ["plan.tenant.create", "tenant.destroy.ordered", "tenant.removed"]);
    },
  ],

  [
    "begins a secrets epoch with each secret that is set",
    async (store) => {
      await applyAcme(store);
      const secret = {
        tenantId: acme,
        name: SecretName.parse("model.key"),
        at: TEST_TIME,
        audit: [draft("secret.set", acme)],
      };
      assert.equal((await store.putSecret({ ...secret, sealed: "b25l" })).secretsEpoch, 1);
      const again = await store.putSecret({ ...secret, sealed: "dHdv" });
      assert.deepEqual([again.secretsEpoch, again.generation], [2, 3]);
      assert.equal((await store.readDesired()).tenants[0]?.secretsEpoch, 2);
      const held = (await store.readSecrets(acme)).map((row) => [row.name, row.sealed, row.epoch, row.generated]);
      assert.deepEqual(held, [
        ["gateway.token", "c2VhbGVk", 1, true],
        ["model.key", "dHdv", 2, false],
      ]);
    },
  ],
];
