import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Fleet,
  isMvmError,
  nodeRoutes,
  operatorRoutes as routes,
  TenantId,
  type FleetApplyAnswer,
  type UnixClient,
} from "@mvm/core";
import { catalogueImage, TEST_NODE, testImages, withCoordinator } from "@mvm/testing";

const gateway = { pool_id: "gw", role: "gateway", profile: "large", desired_counts: { running: 1 } };
const workers = (running: number) => ({ pool_id: "wk", role: "worker", profile: "small", desired_counts: { running } });
const tenant = (id: string, ...pools: object[]) => ({ tenant_id: id, pools });
const fleetOf = (...tenants: object[]): Fleet => Fleet.parse({ schema_version: 1, tenants });
const hashes = { one: "1".repeat(64), two: "2".repeat(64) };

function apply(
  client: UnixClient,
  fleet: Fleet,
  change: { expected_version?: number; source_hash?: string } = {},
): Promise<FleetApplyAnswer> {
  return client.call(routes.applyFleet, {
    body: { fleet, source_hash: hashes.one, expected_version: null, claimed_by: "alice", ...change },
  });
}

test("an applied fleet is in force: in the fleet, the node's spec and the views", async () => {
  await withCoordinator(async ({ client, agent }) => {
    const fleet = fleetOf(tenant("acme", gateway, workers(2)), tenant("globex", workers(1)));
    const planned = await client.call(routes.planFleet, { body: { fleet } });
    assert.equal((await client.call(routes.getFleet)).version, 0, "a plan changes nothing");
    const applied = await apply(client, fleet);
    assert.deepEqual(applied.plan, planned);
    assert.deepEqual([applied.version, applied.generations.map(({ node }) => node)], [1, [TEST_NODE]]);
    const inForce = await client.call(routes.getFleet);
    assert.deepEqual(
      [inForce.version, inForce.source_hash, inForce.applied_by, inForce.fleet],
      [1, hashes.one, "alice", fleet],
    );

    const spec = await agent.spec();
    assert.equal(spec?.generation, applied.generations[0]?.generation);
    assert.deepEqual(
      spec?.tenants.map(({ tenant_id, network }) => [
        tenant_id,
        network.ipv4_subnet,
        network.bridge_ipv4,
        network.namespace,
        network.uplink?.host_ipv4 ?? null,
      ]),
      [
        ["acme", "10.64.1.0/24", "10.64.1.1", "mvm-1", "100.64.0.5"],
        ["globex", "10.64.2.0/24", "10.64.2.1", "mvm-2", null],
      ],
    );
    const [gw] = spec.tenants[0]?.pools.find(({ pool_id: id }) => id === "gw")?.instances ?? [];
    assert.deepEqual(
      [gw?.instance_id, gw?.ipv4, gw?.mac, gw?.tap, gw?.ingress_port, gw?.wanted, gw?.hold],
      ["acme-gw-0", "10.64.1.10", "02:00:00:01:00:0a", "tap10", 18800, "running", null],
    );
    assert.deepEqual(
      Object.entries(spec.types)
        .map(([hash, type]) => `${type.role}/${type.profile} by ${hash === type.type_hash ? "its hash" : hash}`)
        .sort(),
      ["gateway/large by its hash", "worker/small by its hash"],
    );
    assert.deepEqual(Object.keys(spec.tenants[0]?.secrets ?? {}), ["gateway.token"]);

    const { pools } = await client.call(routes.listPools, { query: { tenant: "acme" } });
    assert.deepEqual(
      pools.map((pool) => [pool.pool_id, pool.desired_counts.running, pool.instances.total, pool.instances.running]),
      [
        ["gw", 1, 1, 0],
        ["wk", 2, 2, 0],
      ],
    );
    await agent.obey();
    const { tenants } = await client.call(routes.listTenants);
    assert.deepEqual(
      tenants.map((view) => [view.tenant_id, view.standing, view.instances]),
      [
        ["acme", "present", { total: 3, wanted_running: 3, running: 3, ready: 0, held_stopped: 0, troubled: 0 }],
        ["globex", "present", { total: 1, wanted_running: 1, running: 1, ready: 0, held_stopped: 0, troubled: 0 }],
      ],
    );
  });
});

test("the same file again changes nothing, not even the version; a new comment in it changes the version alone", async () => {
  await withCoordinator(async ({ client }) => {
    const fleet = fleetOf(tenant("acme", gateway));
    const first = await apply(client, fleet);
    const again = await apply(client, fleet);
    assert.deepEqual([again.plan.changes, again.version, again.generations], [[], 1, first.generations]);
    const commented = await apply(client, fleet, { source_hash: hashes.two });
    assert.deepEqual([commented.plan.changes, commented.version], [[], 2]);
    assert.equal((await client.call(routes.getFleet)).source_hash, hashes.two);
    assert.equal(
      (
        await client.call(nodeRoutes.getSpec, {
          params: { node: TEST_NODE },
          query: { after: first.generations[0]?.generation },
        })
      ).spec,
      null,
    );
  });
});

test("an apply on another version than the operator saw is a conflict", async () => {
  await withCoordinator(async ({ client }) => {
    await apply(client, fleetOf(tenant("acme", gateway)), { expected_version: 0 });
    await assert.rejects(
      apply(client, fleetOf(), { expected_version: 0 }),
      (error) => isMvmError(error, "MVM_FLEET_CONFLICT") && error.details["version"] === 1,
    );
    assert.equal((await client.call(routes.listTenants)).tenants.length, 1);
  });
});

test("applies at the same time are put in force one after the other, none lost", async () => {
  await withCoordinator(async ({ client }) => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((running) => apply(client, fleetOf(tenant("acme", workers(running))))),
    );
    assert.deepEqual(
      answers.map(({ version }) => version).toSorted((a, b) => a - b),
      [1, 2, 3, 4],
    );
    const { instances } = await client.call(routes.listInstances);
    assert.equal(instances.length, 4);
    assert.equal(new Set(instances.map(({ ipv4 }) => ipv4)).size, 4);
  });
});

test("a fleet with mistakes is refused with every one of them, and nothing changes", async () => {
  await withCoordinator(async ({ client, agent }) => {
    const fleet = fleetOf(
      tenant("acme", { ...gateway, profile: "huge" }, { ...workers(1), resources: { mem_mib: 64 } }),
      tenant("acme", workers(1)),
    );
    await assert.rejects(apply(client, fleet), (error) => {
      assert.ok(isMvmError(error, "MVM_FLEET_DUPLICATE"));
      const problems = error.details["problems"] as { code: string; path: string; value: unknown; remedy: string }[];
      assert.deepEqual(
        problems.map(({ code, path, value }) => [code, path, value]),
        [
          ["MVM_FLEET_DUPLICATE", "tenants[1].tenant_id", "acme"],
          ["MVM_TYPE_UNKNOWN", "tenants[0].pools[0].profile", "huge"],
          ["MVM_FLEET_INVALID", "tenants[0].pools[1].resources.mem_mib", 64],
        ],
      );
      return true;
    });
    assert.equal((await client.call(routes.getFleet)).version, 0);
    assert.deepEqual((await agent.spec())?.tenants, []);
  });
});

test("more than the node has is refused once the node said what it has", async () => {
  await withCoordinator(async ({ client, agent }) => {
    const large = fleetOf(tenant("acme", { ...workers(3), resources: { mem_mib: 4096 } }));
    await apply(client, large);
    await agent.obey({ capacity: { cpus: 2, mem_mib: 8192, allocated_mem_mib: 0 } });
    await assert.rejects(
      apply(client, fleetOf(tenant("acme", { ...workers(3), resources: { mem_mib: 4097 } }))),
      (error) => isMvmError(error, "MVM_FLEET_CAPACITY"),
    );
    await apply(client, fleetOf(tenant("acme", { ...workers(2), resources: { mem_mib: 4096 } })));
  });
});

test("a new image restarts at the next apply, not before", async () => {
  const images = [...testImages];
  await withCoordinator(
    async ({ client, agent }) => {
      const fleet = fleetOf(tenant("acme", workers(1)));
      await apply(client, fleet);
      const before = await agent.spec();
      images.unshift(catalogueImage("small", "5".repeat(16)));
      assert.deepEqual(await agent.spec(), before);
      const { plan } = await apply(client, fleet);
      assert.deepEqual(
        plan.changes.map(({ action, kind }) => [action, kind]),
        [
          ["change", "pool"],
          ["restart", "instance"],
        ],
      );
      assert.equal((await agent.spec())?.tenants[0]?.pools[0]?.revision, "5".repeat(16));
    },
    { images: () => images },
  );
});

test("a restart of the coordinator moves nobody and begins no generation; another config hash begins one", async () => {
  await withCoordinator(async ({ client, agent, restart }) => {
    await apply(client, fleetOf(tenant("acme", gateway, workers(2))));
    const before = await agent.spec();
    await restart();
    assert.deepEqual(await agent.spec(), before);
    await restart({ configHash: "d".repeat(64) });
    const after = await agent.spec();
    assert.deepEqual([after?.config_hash, after?.generation], ["d".repeat(64), (before?.generation ?? 0) + 1]);
    assert.deepEqual(after?.tenants, before?.tenants);
  });
});

test("a tenant that vanishes from the fleet stops and keeps all; the audit tells who asked", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client, fleetOf(tenant("acme", gateway)));
    const secret = (await agent.spec())?.tenants[0]?.secrets;
    const { plan } = await apply(client, fleetOf());
    assert.deepEqual(
      plan.changes.map(({ action, kind }) => `${action} ${kind}`),
      ["release tenant", "release pool", "stop instance"],
    );
    const spec = await agent.spec();
    assert.deepEqual(
      [spec?.tenants[0]?.wanted, spec?.tenants[0]?.secrets, spec?.tenants[0]?.pools[0]?.instances[0]?.wanted],
      ["present", secret, "stopped"],
    );
    const { records } = await client.call(routes.listAudit, { query: { tenant: TenantId.parse("acme"), limit: 3 } });
    assert.deepEqual(
      records.map(({ entry }) => [entry.event, entry.cause, entry.claimed_by, entry.writer, entry.generation]),
      [
        ["plan.instance.stop", "manual", "alice", "coordinator", 3],
        ["plan.pool.release", "manual", "alice", "coordinator", 3],
        ["plan.tenant.release", "manual", "alice", "coordinator", 3],
      ],
    );
  });
});
