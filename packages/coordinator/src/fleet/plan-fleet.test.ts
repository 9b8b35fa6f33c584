import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Fleet,
  isMvmError,
  resolveType,
  type CatalogueImage,
  type DesiredRows,
  type FleetChange,
  type InstanceRow,
  type MicrovmsTables,
  type SecretName,
  type TenantId,
} from "@mvm/core";
import { catalogueImage, TEST_NODE, TEST_TIME, testImages, testSettings, testTables } from "@mvm/testing";
import fc from "fast-check";
import { allocationSession } from "../allocate/allocation-session.ts";
import { planFleet, type FleetDecision } from "./plan-fleet.ts";
import { resolveFleet } from "./resolve-fleet.ts";

/** What exists, and what it is held against. */
interface World {
  readonly rows: DesiredRows;
  readonly secrets: readonly { readonly tenantId: TenantId; readonly name: SecretName }[];
  readonly images: readonly CatalogueImage[];
  readonly microvms: MicrovmsTables;
}

const empty: World = {
  rows: { generation: 0, counters: { nextTenantNetId: 1, nextIngressPort: 0 }, tenants: [], pools: [], instances: [] },
  secrets: [],
  images: testImages,
  microvms: testTables,
};

function plan(world: World, tenants: readonly unknown[]): FleetDecision {
  const fleet = Fleet.parse({ schema_version: 1, tenants });
  const resolved = resolveFleet(fleet, { microvms: world.microvms, images: world.images, acceptedKinds: ["debian"] });
  assert.deepEqual(resolved.problems, []);
  let uuids = world.rows.generation * 10_000;
  const settings = testSettings("/nowhere", {
    microvms: world.microvms,
    network: { ...testSettings("/nowhere").network, clusterCidr: "10.64.0.0/16" },
  });
  return planFleet(resolved.tenants, world, {
    session: allocationSession(settings, world.rows),
    node: TEST_NODE,
    now: TEST_TIME,
    newUuid: () => `00000000-0000-4000-8000-${String((uuids += 1)).padStart(12, "0")}`,
    typeOf: (role, profile) => resolveType(world.microvms, role, profile),
  });
}

/** The world after a plan, as the store would hold it. */
function after(world: World, { rows, secretsToMake }: FleetDecision): World {
  const merge = <Row>(old: readonly Row[], changed: readonly Row[], key: (row: Row) => string): Row[] => {
    const byKey = new Map([...old, ...changed].map((row) => [key(row), row]));
    return [...byKey.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  };
  return {
    ...world,
    secrets: [...world.secrets, ...secretsToMake],
    rows: {
      generation: world.rows.generation + 1,
      counters: rows.counters,
      tenants: merge(world.rows.tenants, rows.tenants, ({ tenantId }) => tenantId),
      pools: merge(world.rows.pools, rows.pools, ({ tenantId, poolId }) => `${tenantId}/${poolId}`),
      instances: merge(world.rows.instances, rows.instances, ({ instanceId }) => instanceId),
    },
  };
}

const applied = (world: World, tenants: readonly unknown[]): World => after(world, plan(world, tenants));
const short = ({ action, kind, tenant_id, pool_id, instance_id }: FleetChange): string =>
  `${action} ${kind} ${instance_id ?? [tenant_id, pool_id].filter((part) => part !== null).join("/")}`;
const changes = (world: World, tenants: readonly unknown[]): string[] => plan(world, tenants).changes.map(short);
const reasonOf = (world: World, tenants: readonly unknown[], name: string): string =>
  plan(world, tenants).changes.find((change) => short(change) === name)?.reason ?? "";

const gateway = (change: object = {}) => ({
  pool_id: "gw",
  role: "gateway",
  profile: "large",
  desired_counts: { running: 1 },
  ...change,
});
const workers = (running: number, change: object = {}) => ({
  pool_id: "wk",
  role: "worker",
  profile: "small",
  desired_counts: { running },
  ...change,
});
const acme = (...pools: object[]) => ({ tenant_id: "acme", pools });
const wantedOf = (world: World): Record<string, string> =>
  Object.fromEntries(world.rows.instances.map((row) => [row.instanceId, row.wanted]));

test("a new tenant gets network, pools, instances and the secrets that its types generate", () => {
  const decision = plan(empty, [acme(gateway(), workers(2))]);
  assert.deepEqual(decision.changes.map(short), [
    "create tenant acme",
    "create pool acme/gw",
    "create instance acme-gw-0",
    "create pool acme/wk",
    "create instance acme-wk-0",
    "create instance acme-wk-1",
  ]);
  assert.equal(decision.changes[0]?.reason, "subnet 10.64.1.0/24; makes the secrets gateway.token");
  assert.deepEqual(decision.secretsToMake, [{ tenantId: "acme", name: "gateway.token", epoch: 1 }]);
  const { rows } = after(empty, decision);
  assert.deepEqual(
    rows.instances.map((row) => [row.instanceId, row.slot, row.ingressPort, row.wanted]),
    [
      ["acme-gw-0", 10, 18800, "running"],
      ["acme-wk-0", 11, null, "running"],
      ["acme-wk-1", 12, null, "running"],
    ],
  );
  assert.deepEqual(rows.counters, { nextTenantNetId: 2, nextIngressPort: 18801 });
  assert.deepEqual(
    rows.tenants.map((row) => [row.secretsEpoch, row.configVersion, row.nextSlot]),
    [[1, 1, 13]],
  );
});

test("growing adds the next numbers; shrinking stops the highest ones and keeps them", () => {
  const two = applied(empty, [acme(workers(2))]);
  assert.deepEqual(changes(two, [acme(workers(4))]), [
    "change pool acme/wk",
    "create instance acme-wk-2",
    "create instance acme-wk-3",
  ]);
  const four = applied(two, [acme(workers(4))]);
  assert.deepEqual(changes(four, [acme(workers(1))]), [
    "change pool acme/wk",
    "stop instance acme-wk-1",
    "stop instance acme-wk-2",
    "stop instance acme-wk-3",
  ]);
  assert.equal(
    reasonOf(four, [acme(workers(1))], "stop instance acme-wk-3"),
    "the pool keeps 1 running; its data is kept",
  );
  const one = applied(four, [acme(workers(1))]);
  assert.deepEqual(wantedOf(one), {
    "acme-wk-0": "running",
    "acme-wk-1": "stopped",
    "acme-wk-2": "stopped",
    "acme-wk-3": "stopped",
  });
  assert.deepEqual(changes(one, [acme(workers(2))]), ["change pool acme/wk", "start instance acme-wk-1"]);
});

test("what vanishes from the fleet stops and keeps its data, and comes back as it was", () => {
  const world = applied(empty, [acme(gateway(), workers(1)), { tenant_id: "globex", pools: [workers(1)] }]);
  const shrunk = [acme(gateway())];
  assert.deepEqual(changes(world, shrunk), [
    "release pool acme/wk",
    "stop instance acme-wk-0",
    "release tenant globex",
    "release pool globex/wk",
    "stop instance globex-wk-0",
  ]);
  assert.match(
    reasonOf(world, shrunk, "release tenant globex"),
    /keep their data; mvm tenant destroy globex erases them/,
  );
  const released = applied(world, shrunk);
  assert.deepEqual(wantedOf(released), { "acme-gw-0": "running", "acme-wk-0": "stopped", "globex-wk-0": "stopped" });
  assert.deepEqual(
    released.rows.tenants.map((row) => row.standing),
    ["present", "released"],
  );
  assert.deepEqual(
    released.rows.pools.map((row) => [row.tenantId, row.poolId, row.released, row.running]),
    [
      ["acme", "gw", false, 1],
      ["acme", "wk", true, 0],
      ["globex", "wk", true, 0],
    ],
  );

  const back = [acme(gateway(), workers(1)), { tenant_id: "globex", pools: [workers(1)] }];
  assert.deepEqual(changes(released, back), [
    "change pool acme/wk",
    "start instance acme-wk-0",
    "change tenant globex",
    "change pool globex/wk",
    "start instance globex-wk-0",
  ]);
  const identity = (row: InstanceRow) => [row.instanceId, row.slot, row.volumeUuid];
  assert.deepEqual(applied(released, back).rows.instances.map(identity), world.rows.instances.map(identity));
});

const restarts: readonly (readonly [string, Partial<World>, object, RegExp])[] = [
  [
    "a newer image",
    { images: [catalogueImage("large", "3".repeat(16)), ...testImages] },
    {},
    /^revision 2222222222222222 → 3333333333333333$/,
  ],
  ["a type declared anew", { microvms: retyped() }, {}, /^the type gateway\/large is declared anew$/],
  ["other memory", {}, { resources: { mem_mib: 4096 } }, /^memory 2048 → 4096 MiB$/],
  ["other vCPUs", {}, { resources: { vcpus: 4 } }, /^vCPUs 2 → 4$/],
];
for (const [what, change, pool, reason] of restarts) {
  test(`a running instance restarts for ${what}, and the plan says why`, () => {
    const world = { ...applied(empty, [acme(gateway(), workers(1))]), ...change };
    const wanted = [acme(gateway(pool), workers(1))];
    assert.deepEqual(changes(world, wanted), ["change pool acme/gw", "restart instance acme-gw-0"]);
    assert.match(reasonOf(world, wanted, "restart instance acme-gw-0"), reason);
    assert.deepEqual(changes(applied(world, wanted), wanted), []);
  });
}

function retyped(): MicrovmsTables {
  const copy = structuredClone(testTables);
  const { large } = copy.profiles as Record<string, { services: string[] }>;
  large?.services.push("extra.service");
  return copy;
}

test("stopped and held-down instances are not said to restart", () => {
  const world = applied(applied(empty, [acme(workers(2))]), [acme(workers(1))]);
  const hold = { kind: "hard", wanted: "stopped", until: null, by: "root", since: TEST_TIME } as const;
  const held = {
    ...world,
    rows: { ...world.rows, instances: world.rows.instances.map((row) => (row.number === 0 ? { ...row, hold } : row)) },
  };
  assert.deepEqual(changes(held, [acme(workers(1, { resources: { mem_mib: 512 } }))]), ["change pool acme/wk"]);
  assert.match(
    reasonOf(held, [acme(workers(0))], "stop instance acme-wk-0"),
    /^the pool keeps 0 running; its data is kept$/,
  );
});

test("a hold that asks for something else is said to delay what the counts want", () => {
  const world = applied(empty, [acme(workers(1))]);
  const hold = {
    kind: "soft",
    wanted: "running",
    until: "2026-11-21T12:30:00.000Z",
    by: "root",
    since: TEST_TIME,
  } as const;
  const held = { ...world, rows: { ...world.rows, instances: world.rows.instances.map((row) => ({ ...row, hold })) } };
  assert.match(
    reasonOf(held, [acme(workers(0))], "stop instance acme-wk-0"),
    /; a hold delays it until 2026-11-21 12:30 UTC$/,
  );
});

test("model and connectors reach config drives at the next start and raise the config version; egress does neither", () => {
  const world = applied(empty, [acme(gateway())]);
  const model = { base_url: "http://10.0.0.1/v1", model: "m" };
  const withModel = [{ ...acme(gateway()), model }];
  assert.deepEqual(changes(world, withModel), ["change tenant acme", "pending instance acme-gw-0"]);
  assert.equal(reasonOf(world, withModel, "pending instance acme-gw-0"), "seen at its next start: model");
  assert.equal(applied(world, withModel).rows.tenants[0]?.configVersion, 2);
  assert.equal(
    applied(world, [{ ...acme(gateway()), connectors: { whatsapp: {} } }]).rows.tenants[0]?.configVersion,
    2,
  );
  const egress = [{ ...acme(gateway()), egress: { policy: "allow-list", allow: [{ cidr: "10.0.0.1", port: 443 }] } }];
  assert.deepEqual(changes(world, egress), ["change tenant acme"]);
  assert.equal(applied(world, egress).rows.tenants[0]?.configVersion, 1);
});

/** The test's types with guest handlers: their instances are configured from each other. */
function handled(): MicrovmsTables {
  const copy = structuredClone(testTables);
  for (const profile of Object.values(copy.profiles)) profile.guest_handlers.push("some.handler");
  return copy;
}

test("a gateway that gets its first workers is said to need a restart for them, and its config version rises", () => {
  const world = applied({ ...empty, microvms: handled() }, [acme(gateway())]);
  const wanted = [acme(gateway(), workers(2))];
  assert.deepEqual(changes(world, wanted), [
    "pending instance acme-gw-0",
    "create pool acme/wk",
    "create instance acme-wk-0",
    "create instance acme-wk-1",
  ]);
  assert.equal(reasonOf(world, wanted, "pending instance acme-gw-0"), "seen at its next start: new peers in pool wk");
  assert.equal(applied(world, wanted).rows.tenants[0]?.configVersion, 2);
});

const peers: readonly (readonly [string, World["microvms"], readonly object[], readonly object[], number])[] = [
  ["more of them", handled(), [gateway(), workers(1)], [gateway(), workers(2)], 2],
  ["fewer running: the others stay known", handled(), [gateway(), workers(2)], [gateway(), workers(1)], 1],
  ["a pool that leaves: its instances stay known", handled(), [gateway(), workers(1)], [gateway()], 1],
  ["instances without handlers", testTables, [gateway()], [gateway(), workers(1)], 1],
];
for (const [what, microvms, before, wanted, version] of peers) {
  test(`what peers do to the config version: ${what}`, () => {
    const world = applied({ ...empty, microvms }, [acme(...before)]);
    assert.equal(applied(world, [acme(...wanted)]).rows.tenants[0]?.configVersion, version);
  });
}

test("a type declared anew restarts its own instances and is pending for those that see them", () => {
  const world = applied({ ...empty, microvms: handled() }, [acme(gateway(), workers(1))]);
  const anew = { ...world, microvms: structuredClone(world.microvms) };
  for (const [name, profile] of Object.entries(anew.microvms.profiles))
    if (name === "large") profile.services.push("extra.service");
  const wanted = [acme(gateway(), workers(1))];
  assert.deepEqual(changes(anew, wanted), [
    "change pool acme/gw",
    "restart instance acme-gw-0",
    "pending instance acme-wk-0",
  ]);
  assert.equal(applied(anew, wanted).rows.tenants[0]?.configVersion, 2);
});

test("a secret that a type newly generates begins one epoch, and is made once", () => {
  const world = applied(empty, [acme(workers(1))]);
  assert.deepEqual(world.secrets, []);
  const decision = plan(world, [acme(workers(1), gateway())]);
  assert.deepEqual(
    decision.secretsToMake.map(({ name, epoch }) => [name, epoch]),
    [["gateway.token", 1]],
  );
  assert.equal(decision.changes.find(({ kind }) => kind === "tenant")?.reason, "makes the secrets gateway.token");
  assert.deepEqual(plan(after(world, decision), [acme(workers(1), gateway())]).secretsToMake, []);
});

test("larger data volumes are said to grow, at once where instances run, and restart nothing", () => {
  const world = applied(empty, [acme(workers(1))]);
  const wanted = [acme(workers(1, { resources: { data_mib: 128 } }))];
  assert.deepEqual(changes(world, wanted), ["change pool acme/wk"]);
  assert.equal(
    reasonOf(world, wanted, "change pool acme/wk"),
    "data 64 → 128 MiB; volumes of running instances grow at once, others at their next start",
  );
  assert.equal(
    reasonOf(applied(world, wanted), [acme(workers(1))], "change pool acme/wk"),
    "data 128 → 64 MiB; a growth that has not begun is taken back",
  );
  const pools = world.rows.pools.map((row) => ({ ...row, resources: { ...row.resources, data_mib: 0 } }));
  const without = { ...world, rows: { ...world.rows, pools } };
  assert.equal(
    reasonOf(without, wanted, "change pool acme/wk"),
    "data 0 → 128 MiB; instances get their volumes at their next start",
  );
});

test("an instance that is being destroyed is left to its end, its number not given out twice", () => {
  const world = applied(empty, [acme(workers(1))]);
  const destroyed = {
    ...world,
    rows: { ...world.rows, instances: world.rows.instances.map((row) => ({ ...row, wanted: "destroyed" as const })) },
  };
  assert.deepEqual(changes(destroyed, [acme(workers(2))]), ["change pool acme/wk", "create instance acme-wk-1"]);
  assert.deepEqual(changes(destroyed, [acme()]), ["release pool acme/wk"]);
});

test("a tenant that is being destroyed is no longer the fleet's affair", () => {
  const world = applied(empty, [acme(workers(1))]);
  const tenants = world.rows.tenants.map((row) => ({ ...row, standing: "destroying" as const }));
  const decision = plan({ ...world, rows: { ...world.rows, tenants } }, []);
  assert.deepEqual(
    [decision.changes, decision.rows.tenants, decision.rows.pools, decision.rows.instances],
    [[], [], [], []],
  );
});

test("a subnet that is full is an error with its numbers, and nothing is planned", () => {
  assert.throws(
    () => plan(empty, [acme(workers(246))]),
    (error) => isMvmError(error, "MVM_NET_EXHAUSTED") && /room for 245 instances, 245 exist/.test(error.message),
  );
});

const poolOf = (poolId: string) =>
  fc.record({
    pool_id: fc.constant(poolId),
    role: fc.constant(poolId === "gw" ? "gateway" : "worker"),
    profile: poolId === "gw" ? fc.constantFrom("small", "large") : fc.constant("small"),
    resources: fc.record({ vcpus: fc.integer({ min: 1, max: 4 }) }),
    desired_counts: fc.record({ running: fc.nat({ max: 5 }) }),
  });
const tenantOf = (tenantId: string) =>
  fc.record({
    tenant_id: fc.constant(tenantId),
    egress: fc.constantFrom({ policy: "deny" }, { policy: "allow-list", allow: [{ cidr: "10.0.0.1", port: 443 }] }),
    pools: fc.subarray(["gw", "wk", "extra"]).chain((ids) => fc.tuple(...ids.map(poolOf))),
  });
const fleets = fc.subarray(["acme", "globex", "initech"]).chain((ids) => fc.tuple(...ids.map(tenantOf)));

test("property: applies in any order converge, erase nothing, move nobody and share no address", () => {
  fc.assert(
    fc.property(fc.array(fleets, { minLength: 1, maxLength: 6 }), (history) => {
      let world = empty;
      for (const tenants of history) {
        const decision = plan(world, tenants);
        assert.deepEqual(plan(world, tenants), decision, "deterministic");
        const next = after(world, decision);
        const again = plan(next, tenants);
        assert.deepEqual(
          [again.changes, again.rows.tenants, again.rows.pools, again.rows.instances],
          [[], [], [], []],
          "converges",
        );
        assertNothingLost(world, next);
        assertCounts(next, tenants);
        assertNoSharing(next);
        world = next;
      }
    }),
    { numRuns: 400 },
  );
});

function assertNothingLost(before: World, next: World): void {
  const held = new Map(next.rows.instances.map((row) => [row.instanceId, row]));
  for (const row of before.rows.instances) {
    const now = held.get(row.instanceId);
    assert.deepEqual([now?.slot, now?.volumeUuid, now?.nodeId], [row.slot, row.volumeUuid, row.nodeId]);
    assert.notEqual(now?.wanted, "destroyed");
  }
  const networks = new Map(next.rows.tenants.map((row) => [row.tenantId, row.network]));
  for (const row of before.rows.tenants) assert.deepEqual(networks.get(row.tenantId), row.network);
}

function assertCounts(
  world: World,
  tenants: readonly { tenant_id: string; pools: readonly { pool_id: string; desired_counts: { running: number } }[] }[],
): void {
  for (const row of world.rows.instances) {
    const pool = tenants
      .find(({ tenant_id: id }) => id === row.tenantId)
      ?.pools.find(({ pool_id: id }) => id === row.poolId);
    const running = pool?.desired_counts.running ?? 0;
    assert.equal(row.wanted, row.number < running ? "running" : "stopped", row.instanceId);
  }
  const wanted = tenants
    .flatMap(({ pools }) => pools.map((pool) => pool.desired_counts.running))
    .reduce((sum, running) => sum + running, 0);
  assert.equal(world.rows.instances.filter((row) => row.wanted === "running").length, wanted);
}

function assertNoSharing({ rows }: World): void {
  const slots = rows.instances.map((row) => `${row.tenantId}/${row.slot}`);
  const ports = rows.instances.flatMap((row) => row.ingressPort ?? []);
  const volumes = rows.instances.map((row) => row.volumeUuid);
  for (const given of [slots, ports.map(String), volumes]) assert.equal(new Set(given).size, given.length);
  const exposing = rows.instances.filter((row) => row.poolId === "gw");
  assert.ok(exposing.every((row) => row.ingressPort !== null) && ports.length === exposing.length);
}
