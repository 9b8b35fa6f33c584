import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeSpec, type NodeRows, type PoolRow } from "@mvm/core";
import { instanceRow, poolRow, secretRow, TEST_NODE, tenantRow, testType } from "@mvm/testing";
import { buildNodeSpec } from "./build-node-spec.ts";

const pool = poolRow("acme", "gw");

function rows(change: Partial<NodeRows> = {}): NodeRows {
  return {
    node: { nodeId: TEST_NODE, generation: 7, status: null, receivedAt: null, refusedChains: [] },
    tenants: [tenantRow("acme", 1, { secretsEpoch: 3, configVersion: 4 })],
    pools: [pool],
    instances: [instanceRow(pool, 0, { slot: 10, ingressPort: 18800 })],
    secrets: [secretRow("acme", "gateway.token"), secretRow("globex", "gateway.token")],
    ...change,
  };
}

const build = (change?: Partial<NodeRows>): NodeSpec => buildNodeSpec(rows(change), "c".repeat(64));

test("a spec is whole, of the node's generation, and fit for its schema", () => {
  const spec = build();
  assert.deepEqual(NodeSpec.parse(spec), spec);
  assert.deepEqual([spec.node, spec.generation, spec.config_hash], [TEST_NODE, 7, "c".repeat(64)]);
  const [tenant] = spec.tenants;
  assert.deepEqual(
    [tenant?.wanted, tenant?.secrets_epoch, tenant?.config_version, Object.keys(tenant?.secrets ?? {})],
    ["present", 3, 4, ["gateway.token"]],
  );
  assert.deepEqual(tenant?.network, {
    tenant_net_id: 1,
    ipv4_subnet: "10.64.1.0/24",
    bridge_ipv4: "10.64.1.1",
    namespace: "mvm-1",
    uplink: {
      host_interface: "mvmu1",
      namespace_interface: "up0",
      host_ipv4: "100.64.0.5",
      namespace_ipv4: "100.64.0.6",
    },
    egress: { policy: "deny" },
  });
  assert.deepEqual(tenant.pools[0]?.instances[0]?.mac, "02:00:00:01:00:0a");
});

test("the same rows give the same spec", () => {
  assert.deepEqual(build(), build());
});

test("there is an uplink only when ingress or egress needs one", () => {
  const inner: PoolRow = { ...pool, type: { ...testType, expose_ingress: false } };
  assert.equal(build({ pools: [inner] }).tenants[0]?.network.uplink, null);
  const open = tenantRow("acme", 1, {
    egress: { policy: "allow-list", allow: [{ cidr: "10.0.0.1", port: 443, protocol: "tcp" }] },
  });
  assert.notEqual(build({ pools: [inner], tenants: [open] }).tenants[0]?.network.uplink, null);
});

test("a tenant that is being destroyed says so and stays in the spec without instances; a released one is only stopped", () => {
  const wanted = (standing: "released" | "destroying") =>
    build({ tenants: [tenantRow("acme", 1, { standing })], instances: [] }).tenants[0]?.wanted;
  assert.deepEqual([wanted("destroying"), wanted("released")], ["destroyed", "present"]);
});

test("of two pools with one type, the one in the fleet decides what guests don't see of it", () => {
  const older: PoolRow = { ...poolRow("acme", "old", { released: true }), type: { ...testType, min_mem_mib: 64 } };
  for (const pools of [
    [older, pool],
    [pool, older],
  ])
    assert.equal(build({ pools }).types[testType.type_hash]?.min_mem_mib, testType.min_mem_mib);
  assert.equal(build({ pools: [older] }).types[testType.type_hash]?.min_mem_mib, 64);
});

test("a type as it was declared before stays in the spec for the pool that still has it", () => {
  const older: PoolRow = { ...poolRow("acme", "old", { released: true }), type: { ...testType, type_hash: "older" } };
  assert.deepEqual(Object.keys(build({ pools: [older, pool] }).types).sort(), [testType.type_hash, "older"].sort());
});
