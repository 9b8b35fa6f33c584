/**
 * Part of the store's conformance suite: what an apply keeps, and whom it concerns.
 */
import assert from "node:assert/strict";
import { NodeId, TenantId } from "@mvm/core";
import { instanceRow, nodeStatus, poolRow, secretRow, TEST_NODE, TEST_TIME, tenantRow } from "../desired-rows.ts";
import { acme, acmeGw0, hold, fleetCommit, applyAcme, type StoreCase } from "./fixtures.ts";

export const fleetCases: readonly StoreCase[] = [
  [
    "begins empty",
    async (store) => {
      const fleet = await store.readFleet();
      assert.equal(fleet.version, 0);
      assert.deepEqual(fleet.fleet.tenants, []);
      const desired = await store.readDesired();
      assert.equal(desired.generation, 0);
      assert.deepEqual([desired.tenants, desired.pools, desired.instances], [[], [], []]);
      assert.deepEqual(await store.readNodes(), []);
    },
  ],

  [
    "keeps an applied fleet, its rows and its generation, also over a restart",
    async (store, under) => {
      const committed = await applyAcme(store);
      assert.deepEqual(committed, { generation: 1, nodes: [{ nodeId: TEST_NODE, generation: 1 }] });
      const reopened = under.reopen === null ? store : await under.reopen();
      const fleet = await reopened.readFleet();
      assert.equal(fleet.version, 1);
      assert.equal(fleet.sourceHash, "f".repeat(64));
      assert.equal(fleet.appliedBy, "root");
      assert.equal(fleet.fleet.tenants[0]?.tenant_id, "acme");
      const rows = await reopened.readNodeRows(TEST_NODE);
      assert.equal(rows.node.generation, 1);
      assert.deepEqual(rows.tenants, [tenantRow("acme", 1, { nextSlot: 11, generation: 1 })]);
      assert.deepEqual(rows.pools, [poolRow("acme", "gw")]);
      assert.deepEqual(rows.instances, [
        instanceRow(poolRow("acme", "gw"), 0, { slot: 10, ingressPort: 18800, generation: 1 }),
      ]);
      assert.deepEqual(rows.secrets, [secretRow("acme", "gateway.token")]);
      assert.deepEqual((await reopened.readDesired()).counters, { nextTenantNetId: 2, nextIngressPort: 18801 });
    },
  ],

  [
    "begins no generation for nodes that a change does not concern",
    async (store) => {
      await applyAcme(store);
      const other = NodeId.parse("node-2");
      await store.ensureNode(other);
      await store.putHold({ instanceId: acmeGw0, hold, audit: [] });
      const nodes = await store.readNodes();
      assert.deepEqual(
        nodes.map((node) => [node.nodeId, node.generation]),
        [
          [TEST_NODE, 2],
          [other, 0],
        ],
      );
      assert.deepEqual((await store.readNodeRows(other)).tenants, []);
    },
  ],

  [
    "reads one tenant alone",
    async (store) => {
      await applyAcme(store);
      await store.applyFleet(await fleetCommit(store, { tenants: [tenantRow("globex", 2)] }));
      assert.deepEqual(
        (await store.readDesired(acme)).tenants.map((tenant) => tenant.tenantId),
        ["acme"],
      );
      assert.equal((await store.readDesired()).tenants.length, 2);
      assert.deepEqual(await store.readSecrets(TenantId.parse("globex")), []);
    },
  ],

  [
    "begins a generation for every node when the specs' fingerprint changes, and only then",
    async (store) => {
      await store.ensureNode(TEST_NODE);
      await store.ensureSpecFingerprint("one");
      await store.ensureSpecFingerprint("one");
      assert.equal((await store.readNodeRows(TEST_NODE)).node.generation, 1);
      await store.ensureSpecFingerprint("two");
      assert.equal((await store.readNodeRows(TEST_NODE)).node.generation, 2);
    },
  ],

  [
    "raises its revision with every commit and with no read",
    async (store) => {
      await store.ensureNode(TEST_NODE);
      const before = await store.revision();
      await store.readNodes();
      await store.readFleet();
      assert.equal(await store.revision(), before);
      await store.recordStatus({ nodeId: TEST_NODE, status: nodeStatus(0), receivedAt: TEST_TIME, entries: [] });
      const afterStatus = await store.revision();
      assert.ok(afterStatus > before);
      await applyAcme(store);
      const afterApply = await store.revision();
      assert.ok(afterApply > afterStatus);
      await store.putHold({ instanceId: acmeGw0, hold, audit: [] });
      assert.ok((await store.revision()) > afterApply);
    },
  ],
];
