/**
 * Part of the store's conformance suite: what the store itself never lets happen.
 */
import assert from "node:assert/strict";
import { COORDINATOR_WRITER, InstanceId, SecretName } from "@mvm/core";
import { instanceRow, nodeStatus, poolRow, TEST_NODE, TEST_TIME, tenantRow } from "../desired-rows.ts";
import { acme, acmeGw0, hold, fleetCommit, applyAcme, withCode, type StoreCase } from "./fixtures.ts";

const tenantConflicts: readonly (readonly [string, Partial<ReturnType<typeof tenantRow>["network"]>])[] = [
  ["the same subnet", { subnetBase: 0x0a400100 }],
  ["a subnet inside another", { subnetBase: 0x0a400180, subnetPrefixLength: 25 }],
  ["a subnet around another", { subnetBase: 0x0a400000, subnetPrefixLength: 20 }],
  ["a subnet that begins before another and ends in it", { subnetBase: 0x0a400000, subnetPrefixLength: 23 }],
  ["the same network id", { tenantNetId: 1 }],
  ["the same uplink", { uplinkBase: 0x64400004 }],
  ["the same namespace", { namespace: "mvm-1" }],
  ["the same host interface", { hostInterface: "mvmu1" }],
];

export const refusalCases: readonly StoreCase[] = [
  [
    "refuses a fleet decided from another version or generation, and writes nothing of it",
    async (store) => {
      await applyAcme(store);
      const wrongVersion = await fleetCommit(store, { expectedVersion: 0, tenants: [tenantRow("globex", 2)] });
      await assert.rejects(store.applyFleet(wrongVersion), withCode("MVM_FLEET_CONFLICT"));
      const stale = await fleetCommit(store, { tenants: [tenantRow("globex", 2)] });
      await store.putHold({ instanceId: acmeGw0, hold, audit: [] });
      await assert.rejects(store.applyFleet(stale), withCode("MVM_STORE_CONFLICT"));
      assert.equal((await store.readDesired()).tenants.length, 1);
      assert.equal((await store.readChain(COORDINATOR_WRITER, null)).length, 1);
    },
  ],

  [
    "refuses an address slot, volume or ingress port that another instance has",
    async (store) => {
      await applyAcme(store);
      const pool = poolRow("acme", "gw");
      const first = (await store.readDesired()).instances[0];
      assert.ok(first !== undefined);
      for (const conflict of [
        { slot: first.slot },
        { volumeUuid: first.volumeUuid },
        { ingressPort: first.ingressPort },
      ]) {
        const commit = await fleetCommit(store, { instances: [instanceRow(pool, 1, { slot: 11, ...conflict })] });
        await assert.rejects(store.applyFleet(commit), withCode("MVM_NET_OVERLAP"));
      }
      assert.equal((await store.readDesired()).instances.length, 1);
    },
  ],

  [
    "refuses to move a tenant's network or an instance's identity",
    async (store) => {
      await applyAcme(store);
      const moved = tenantRow("acme", 7);
      await assert.rejects(
        store.applyFleet(await fleetCommit(store, { tenants: [moved] })),
        withCode("MVM_STORE_FAILED"),
      );
      const other = instanceRow(poolRow("acme", "gw"), 0, { slot: 12 });
      await assert.rejects(
        store.applyFleet(await fleetCommit(store, { instances: [other] })),
        withCode("MVM_STORE_FAILED"),
      );
      assert.equal((await store.readDesired()).tenants[0]?.network.tenantNetId, 1);
    },
  ],

  [
    "refuses instances of a pool that there is not",
    async (store) => {
      await applyAcme(store);
      const commit = await fleetCommit(store, { instances: [instanceRow(poolRow("acme", "wk"), 0, { slot: 11 })] });
      await assert.rejects(store.applyFleet(commit), withCode("MVM_STORE_FAILED"));
    },
  ],

  [
    "names what is not there",
    async (store) => {
      const nobody = InstanceId.parse("nobody-gw-0");
      await assert.rejects(store.putHold({ instanceId: nobody, hold, audit: [] }), withCode("MVM_INSTANCE_NOT_FOUND"));
      await assert.rejects(store.orderInstanceDestruction(nobody, []), withCode("MVM_INSTANCE_NOT_FOUND"));
      await assert.rejects(store.removeTenant(acme, []), withCode("MVM_TENANT_NOT_FOUND"));
      await assert.rejects(store.readNodeRows(TEST_NODE), withCode("MVM_NODE_NOT_FOUND"));
      const status = { nodeId: TEST_NODE, status: nodeStatus(0), receivedAt: TEST_TIME, entries: [] };
      await assert.rejects(store.recordStatus(status), withCode("MVM_NODE_NOT_FOUND"));
      const secret = { tenantId: acme, name: SecretName.parse("model.key"), sealed: "eA==", at: TEST_TIME, audit: [] };
      await assert.rejects(store.putSecret(secret), withCode("MVM_TENANT_NOT_FOUND"));
      assert.equal((await store.readDesired()).generation, 0);
    },
  ],
  ...tenantConflicts.map(([what, conflict]): StoreCase => [
    `refuses a second tenant with ${what}, and the whole change with it`,
    async (store) => {
      await applyAcme(store);
      const globex = tenantRow("globex", 2);
      const commit = await fleetCommit(store, {
        tenants: [tenantRow("initech", 3), { ...globex, network: { ...globex.network, ...conflict } }],
      });
      await assert.rejects(store.applyFleet(commit), withCode("MVM_NET_OVERLAP"));
      assert.deepEqual(
        (await store.readDesired()).tenants.map((tenant) => tenant.tenantId),
        ["acme"],
      );
      assert.equal((await store.readFleet()).version, 1);
      await store.applyFleet({ ...commit, tenants: [tenantRow("initech", 3), globex] });
      assert.equal((await store.readDesired()).tenants.length, 3);
    },
  ]),
];
