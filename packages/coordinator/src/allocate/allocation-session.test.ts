import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, type DesiredRows, type InstanceRow } from "@mvm/core";
import { instanceRow, poolRow, TEST_NODE, tenantRow, testSettings } from "@mvm/testing";
import { allocationSession } from "./allocation-session.ts";

const settings = testSettings("/nowhere", { ingressPorts: [18800, 18803] });
const acme = tenantRow("acme", 1, { nextSlot: 12 });
const globex = tenantRow("globex", 2);

function rowsOf(instances: readonly InstanceRow[], nextIngressPort = 0): DesiredRows {
  return {
    generation: 1,
    counters: { nextTenantNetId: 3, nextIngressPort },
    tenants: [acme, globex],
    pools: [],
    instances,
  };
}

test("within one session nothing is given out twice, and the counters say where the next one begins", () => {
  const session = allocationSession(settings, rowsOf([]));
  assert.deepEqual([session.network().tenantNetId, session.network().tenantNetId], [3, 4]);
  assert.deepEqual([session.slot(acme), session.slot(acme), session.slot(globex)], [12, 13, 10]);
  assert.deepEqual([session.nextSlot(acme), session.nextSlot(globex)], [14, 11]);
  assert.deepEqual([session.ingressPort(TEST_NODE), session.ingressPort(TEST_NODE)], [18800, 18801]);
  assert.deepEqual(session.counters(), { nextTenantNetId: 5, nextIngressPort: 18802 });
});

test("what exists is passed over, and ports rest until their ring has wrapped", () => {
  const pool = poolRow("acme", "gw");
  const held = [instanceRow(pool, 0, { slot: 12, ingressPort: 18802 })];
  const session = allocationSession(settings, rowsOf(held, 18802));
  assert.equal(session.slot(acme), 13);
  assert.deepEqual(
    [1, 2, 3].map(() => session.ingressPort(TEST_NODE)),
    [18803, 18800, 18801],
  );
});

test("ports that are all taken are an error with their number", () => {
  const session = allocationSession(settings, rowsOf([]));
  for (let port = 18800; port <= 18803; port += 1) assert.equal(session.ingressPort(TEST_NODE), port);
  assert.throws(
    () => session.ingressPort(TEST_NODE),
    (error) =>
      isMvmError(error, "MVM_NET_EXHAUSTED") &&
      /18800 to 18803 are 4 ports, and 4 instances have one/.test(error.message),
  );
});
