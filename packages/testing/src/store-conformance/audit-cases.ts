/**
 * Part of the store's conformance suite: chains, statuses and what nodes deliver.
 */
import assert from "node:assert/strict";
import { COORDINATOR_WRITER, firstBrokenEntry, type AuditEntry, type Store, type TenantId } from "@mvm/core";
import { nodeStatus, TEST_NODE, TEST_TIME } from "../desired-rows.ts";
import { draft, acme, acmeGw0, hold, applyAcme, agentEntries, type StoreCase } from "./fixtures.ts";

const broken: readonly (readonly [string, (entries: AuditEntry[]) => AuditEntry[], number])[] = [
  ["a gap", (entries) => entries.slice(3), 2],
  [
    "a changed entry",
    ([, , third, ...rest]) => (third === undefined ? [] : [{ ...third, detail: "other" }, ...rest]),
    2,
  ],
  [
    "reordered entries",
    ([, , third, fourth]) => (third === undefined || fourth === undefined ? [] : [fourth, third]),
    2,
  ],
  [
    "an entry rewritten after it was delivered",
    () => agentEntries(2).map((entry) => ({ ...entry, hash: "d".repeat(64) })),
    2,
  ],
  ["an entry in another's name", ([, second]) => agentEntries(1, { after: second ?? null, writer: "node-2" }), 2],
  [
    "a break after a good entry",
    ([, , third, fourth]) => (third === undefined || fourth === undefined ? [] : [third, { ...fourth, hash: "" }]),
    3,
  ],
];

export const auditCases: readonly StoreCase[] = [
  [
    "chains the coordinator's entries per tenant and reads them by filter, newest first",
    async (store) => {
      await applyAcme(store);
      await store.putHold({
        instanceId: acmeGw0,
        hold,
        audit: [{ ...draft("instance.hold", acme), instance_id: acmeGw0, at: "2026-11-21T13:00:00.000Z" }],
      });
      for (const tenant of [null, acme])
        assert.equal(firstBrokenEntry(await store.readChain(COORDINATOR_WRITER, tenant)), null);
      const events = async (filter: Partial<Parameters<Store["readAudit"]>[0]>): Promise<string[]> =>
        (await store.readAudit({ limit: 10, ...filter })).map(({ entry }) => entry.event);
      assert.deepEqual(await events({}), ["instance.hold", "plan.tenant.create", "fleet.apply"]);
      assert.deepEqual(await events({ tenant: acme }), ["instance.hold", "plan.tenant.create"]);
      assert.deepEqual(await events({ instance: acmeGw0 }), ["instance.hold"]);
      assert.deepEqual(await events({ cause: "timer" }), []);
      assert.deepEqual(await events({ writer: TEST_NODE }), []);
      assert.deepEqual(await events({ since: "2026-11-21T12:30:00Z" }), ["instance.hold"]);
      assert.deepEqual(await events({ until: "2026-11-21T12:30:00Z" }), ["plan.tenant.create", "fleet.apply"]);
      const [newest] = await store.readAudit({ limit: 1 });
      assert.deepEqual(await events({ before: newest?.record }), ["plan.tenant.create", "fleet.apply"]);
    },
  ],

  [
    "keeps the newest status and takes a node's entries once, in order",
    async (store) => {
      await applyAcme(store);
      const entries = agentEntries(4);
      const deliver = (status: number, delivered: readonly AuditEntry[]) =>
        store.recordStatus({
          nodeId: TEST_NODE,
          status: nodeStatus(status),
          receivedAt: TEST_TIME,
          entries: delivered,
        });
      assert.deepEqual(await deliver(1, entries.slice(0, 2)), [{ tenant_id: acme, acknowledged: 2, problem: null }]);
      assert.deepEqual(await deliver(2, entries.slice(1)), [{ tenant_id: acme, acknowledged: 4, problem: null }]);
      assert.deepEqual(await deliver(3, []), []);
      assert.deepEqual(await store.readChain(TEST_NODE, acme), entries);
      const [node] = await store.readNodes();
      assert.deepEqual([node?.status?.observed_generation, node?.receivedAt, node?.refusedChains], [3, TEST_TIME, []]);
      assert.equal(node?.generation, 1, "a status begins no generation");
    },
  ],

  [
    "keeps the chains of one delivery apart",
    async (store) => {
      await applyAcme(store);
      const entries = [...agentEntries(1, { tenant: null }), ...agentEntries(2).slice(1)];
      const heads = await store.recordStatus({
        nodeId: TEST_NODE,
        status: nodeStatus(1),
        receivedAt: TEST_TIME,
        entries,
      });
      assert.deepEqual(
        heads.map((head) => [head.tenant_id, head.acknowledged, head.problem === null]),
        [
          [null, 1, true],
          [acme, 0, false],
        ],
      );
    },
  ],

  [
    "keeps what is wrong with a chain while others go on, until that chain follows again",
    async (store) => {
      await applyAcme(store);
      const own = agentEntries(2, { tenant: null });
      const tenants = agentEntries(2);
      const refusedAfter = async (entries: readonly AuditEntry[]): Promise<(TenantId | null)[]> => {
        await store.recordStatus({ nodeId: TEST_NODE, status: nodeStatus(1), receivedAt: TEST_TIME, entries });
        return (await store.readNodes()).flatMap(({ refusedChains }) => refusedChains.map(({ tenantId }) => tenantId));
      };
      assert.deepEqual(await refusedAfter(tenants.slice(1)), [acme]);
      assert.deepEqual(await refusedAfter(own.slice(0, 1)), [acme], "another chain's entries mend nothing");
      assert.deepEqual(await refusedAfter(own.slice(1).map((entry) => ({ ...entry, hash: "" }))), [null, acme]);
      assert.deepEqual(await refusedAfter(tenants), [null]);
      assert.deepEqual(await refusedAfter(own), []);
    },
  ],
  ...broken.map(([what, change, acknowledged]): StoreCase => [
    `refuses ${what}, says so, and still keeps the status`,
    async (store) => {
      await applyAcme(store);
      const entries = agentEntries(4);
      const deliver = (delivered: readonly AuditEntry[]) =>
        store.recordStatus({ nodeId: TEST_NODE, status: nodeStatus(7), receivedAt: TEST_TIME, entries: delivered });
      await deliver(entries.slice(0, 2));
      const [head] = await deliver(change(entries));
      assert.equal(head?.acknowledged, acknowledged);
      assert.ok(head.problem !== null);
      await deliver([]);
      const [node] = await store.readNodes();
      assert.deepEqual(
        node?.refusedChains,
        [{ tenantId: acme, problem: head.problem }],
        "a delivery without entries mends no chain",
      );
      assert.equal(node.status?.observed_generation, 7);
      assert.equal((await store.readChain(TEST_NODE, acme)).length, acknowledged);
      await deliver(entries.slice(2));
      assert.deepEqual((await store.readNodes())[0]?.refusedChains, []);
    },
  ]),
];
