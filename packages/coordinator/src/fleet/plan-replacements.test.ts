import assert from "node:assert/strict";
import { test } from "node:test";
import {
  resolveType,
  type DesiredRows,
  type InstanceRow,
  type InstanceStatus,
  type NodeRow,
  type NodeStatus,
  type TenantRow,
} from "@mvm/core";
import {
  instanceRow,
  instanceStatus,
  nodeStatus,
  poolRow,
  TEST_NODE,
  TEST_TIME,
  tenantRow,
  testSettings,
  testTables,
} from "@mvm/testing";
import { allocationSession } from "../allocate/allocation-session.ts";
import type { PlanContext } from "./new-instance.ts";
import { goneInstances, goneTenants, planReplacements } from "./plan-replacements.ts";

const pool = poolRow("acme", "gw", { running: 2 });
const acme = tenantRow("acme", 1, { nextSlot: 12, generation: 5 });

function rowsOf(instances: readonly InstanceRow[], tenant: TenantRow = acme, pools = [pool]): DesiredRows {
  return {
    generation: 5,
    counters: { nextTenantNetId: 2, nextIngressPort: 18802 },
    tenants: [tenant],
    pools,
    instances,
  };
}

function node(status: Partial<NodeStatus> | null, observed = 5): NodeRow {
  return {
    nodeId: TEST_NODE,
    generation: 5,
    status: status === null ? null : nodeStatus(observed, status),
    receivedAt: TEST_TIME,
    refusedChains: [],
  };
}

const doomed = instanceRow(pool, 0, { slot: 10, ingressPort: 18800, wanted: "destroyed", generation: 5 });
const kept = instanceRow(pool, 1, { slot: 11, ingressPort: 18801 });
const reported = (state: InstanceStatus["state"]): InstanceStatus =>
  instanceStatus({ instance_id: doomed.instanceId, state });

test("an instance is gone only when its node, knowing the order, has nothing of it", () => {
  const gone = (status: Partial<NodeStatus> | null, observed = 5): boolean =>
    goneInstances(rowsOf([doomed, kept]), [node(status, observed)]).includes(doomed);
  assert.equal(gone({ instances: [reported("destroyed")] }), true);
  assert.equal(gone({ instances: [] }), true);
  assert.equal(gone({ instances: [reported("destroying")] }), false);
  assert.equal(gone({ instances: [reported("running")] }), false);
  assert.equal(gone({ instances: [] }, 4), false, "the status is from before the order");
  assert.equal(gone(null), false, "the node never reported");
  assert.deepEqual(
    goneInstances(rowsOf([kept]), [node({ instances: [] })]),
    [],
    "what nobody ordered destroyed is never gone",
  );
});

function context(left: DesiredRows): PlanContext {
  return {
    session: allocationSession(testSettings("/nowhere"), left),
    node: TEST_NODE,
    now: TEST_TIME,
    newUuid: () => "00000000-0000-4000-8000-000000000001",
    typeOf: (role, profile) => resolveType(testTables, role, profile),
  };
}

test("what the counts still want comes back new: another volume, another address, another port", () => {
  const left = rowsOf([kept]);
  const { removed, successors } = planReplacements([doomed], left, context(left));
  assert.deepEqual(removed, ["acme-gw-0"]);
  assert.deepEqual(
    successors.instances.map((row) => [row.instanceId, row.slot, row.ingressPort, row.volumeUuid, row.wanted]),
    [["acme-gw-0", 12, 18802, "00000000-0000-4000-8000-000000000001", "running"]],
  );
  assert.equal(successors.tenants[0]?.nextSlot, 13);
});

test("those whose handlers knew what is gone get another config version, those without handlers don't", () => {
  const versionWith = (guest_handlers: string[]): number | undefined => {
    const left = rowsOf([kept], acme, [{ ...pool, type: { ...pool.type, guest_handlers } }]);
    return planReplacements([doomed], left, context(left)).successors.tenants[0]?.configVersion;
  };
  assert.deepEqual([versionWith(["some.handler"]), versionWith([])], [2, 1]);
});

test("a destroyed instance's address is free for its successor when no other is left", () => {
  const narrow = { ...acme, network: { ...acme.network, subnetPrefixLength: 28 } };
  const others = [11, 12, 13, 14].map((slot, index) => instanceRow(pool, index + 1, { slot }));
  const left = rowsOf(others, narrow);
  assert.equal(planReplacements([doomed], left, context(left)).successors.instances[0]?.slot, 10);
});

const noSuccessor: readonly (readonly [string, DesiredRows])[] = [
  ["the pool keeps fewer running", rowsOf([], acme, [{ ...pool, running: 0 }])],
  ["the pool left the fleet", rowsOf([], acme, [{ ...pool, released: true }])],
  ["the tenant left the fleet", rowsOf([], { ...acme, standing: "released" })],
  ["the tenant is being destroyed", rowsOf([], { ...acme, standing: "destroying" })],
];
for (const [what, left] of noSuccessor) {
  test(`a destroyed instance has no successor when ${what}`, () => {
    const { removed, successors } = planReplacements([doomed], left, context(left));
    assert.deepEqual([removed, successors.instances], [["acme-gw-0"], []]);
  });
}

test("a tenant is gone only when no row and no node has anything of it", () => {
  const destroying = { ...acme, standing: "destroying" } as const;
  const gone = (rows: DesiredRows, status: Partial<NodeStatus> | null, observed = 5): boolean =>
    goneTenants(rows, [node(status, observed)]).length === 1;
  assert.equal(gone(rowsOf([], destroying), { tenants: [] }), true);
  assert.equal(gone(rowsOf([], destroying), { tenants: [acme.tenantId] }), false);
  assert.equal(gone(rowsOf([], destroying), { tenants: [] }, 4), false);
  assert.equal(gone(rowsOf([doomed], destroying), { tenants: [] }), false);
  assert.equal(gone(rowsOf([], acme), { tenants: [] }), false);
  assert.equal(gone(rowsOf([], destroying), null), true, "a node that never reported never got a spec");
  assert.equal(
    gone(rowsOf([], { ...destroying, generation: 9 }), { tenants: [] }, 5),
    true,
    "the node's spec never held it",
  );
});
