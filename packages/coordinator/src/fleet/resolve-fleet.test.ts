import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet, isMvmError, type InstanceStatus, type MemOverhead } from "@mvm/core";
import {
  instanceRow,
  instanceStatus,
  nodeStatus,
  poolRow,
  TEST_NODE,
  tenantRow,
  testImages,
  testTables,
} from "@mvm/testing";
import { checkAgainstRows, checkCapacity } from "./check-against-rows.ts";
import { refuseProblems } from "./problems.ts";
import { resolveFleet } from "./resolve-fleet.ts";

const context = { microvms: testTables, images: testImages, acceptedKinds: ["debian"] };
const counts = { running: 1 };
const gateway = { pool_id: "gw", role: "gateway", profile: "large", desired_counts: counts };
const worker = { pool_id: "wk", role: "worker", profile: "small", desired_counts: { running: 2 } };
const noRows = {
  generation: 0,
  counters: { nextTenantNetId: 1, nextIngressPort: 0 },
  tenants: [],
  pools: [],
  instances: [],
};

function resolve(tenants: readonly unknown[]) {
  return resolveFleet(Fleet.parse({ schema_version: 1, tenants }), context);
}

test("what a pool leaves out comes from its profile", () => {
  const { tenants, problems } = resolve([
    { tenant_id: "acme", pools: [{ ...gateway, resources: { vcpus: 4 } }, worker] },
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    tenants[0]?.pools.map((pool) => [pool.poolId, pool.path, pool.revision, pool.resources, pool.running]),
    [
      ["gw", "tenants[0].pools[0]", "2222222222222222", { vcpus: 4, mem_mib: 2048, data_mib: 512 }, 1],
      ["wk", "tenants[0].pools[1]", "1111111111111111", { vcpus: 1, mem_mib: 256, data_mib: 64 }, 2],
    ],
  );
});

const mistakes: readonly (readonly [
  string,
  unknown[],
  readonly [code: string, path: string, value: unknown, message: RegExp],
])[] = [
  [
    "a tenant that stands twice",
    [
      { tenant_id: "acme", pools: [] },
      { tenant_id: "b", pools: [] },
      { tenant_id: "acme", pools: [] },
    ],
    ["MVM_FLEET_DUPLICATE", "tenants[2].tenant_id", "acme", /tenants\[0\]\.tenant_id/],
  ],
  [
    "a pool that stands twice",
    [{ tenant_id: "acme", pools: [worker, worker] }],
    ["MVM_FLEET_DUPLICATE", "tenants[0].pools[1].pool_id", "wk", /tenants\[0\]\.pools\[0\]\.pool_id/],
  ],
  [
    "an unknown role",
    [{ tenant_id: "acme", pools: [{ ...gateway, role: "gatway" }] }],
    ["MVM_TYPE_UNKNOWN", "tenants[0].pools[0].role", "gatway", /no role 'gatway'/],
  ],
  [
    "an unknown profile",
    [{ tenant_id: "acme", pools: [{ ...gateway, profile: "huge" }] }],
    ["MVM_TYPE_UNKNOWN", "tenants[0].pools[0].profile", "huge", /no profile 'huge'/],
  ],
  [
    "a combination that is not declared",
    [{ tenant_id: "acme", pools: [{ ...worker, profile: "large" }] }],
    ["MVM_TYPE_UNKNOWN", "tenants[0].pools[0].profile", "large", /does not go with/],
  ],
  [
    "less memory than the profile needs",
    [{ tenant_id: "acme", pools: [{ ...gateway, resources: { mem_mib: 512 } }] }],
    ["MVM_FLEET_INVALID", "tenants[0].pools[0].resources.mem_mib", 512, /512 MiB is less .* 1024 MiB/],
  ],
  [
    "no data drive where the role requires one",
    [{ tenant_id: "acme", pools: [{ ...worker, resources: { data_mib: 0 } }] }],
    ["MVM_DRIVE_MISSING", "tenants[0].pools[0].resources.data_mib", 0, /^required drive missing: .*'worker'/],
  ],
  [
    "an unknown revision",
    [{ tenant_id: "acme", pools: [{ ...gateway, revision: "9".repeat(16) }] }],
    ["MVM_IMAGE_NOT_FOUND", "tenants[0].pools[0].revision", "9".repeat(16), /9999/],
  ],
];
for (const [what, tenants, [code, path, value, message]] of mistakes) {
  test(`refused with place, value and remedy: ${what}`, () => {
    const { problems } = resolve(tenants);
    assert.equal(problems.length, 1);
    const [problem] = problems;
    assert.deepEqual([problem?.code, problem?.path, problem?.value], [code, path, value]);
    assert.match(problem?.message ?? "", message);
    assert.ok((problem?.remedy ?? "").length > 0);
  });
}

test("all mistakes are reported at once", () => {
  const { problems } = resolve([
    {
      tenant_id: "acme",
      pools: [
        { ...gateway, profile: "huge" },
        { ...worker, resources: { mem_mib: 64 } },
      ],
    },
  ]);
  assert.throws(
    () => refuseProblems(problems),
    (error) =>
      isMvmError(error, "MVM_TYPE_UNKNOWN") &&
      /^tenants\[0\]\.pools\[0\]\.profile: no profile 'huge' is declared \(and 1 more\)$/.test(error.message) &&
      Array.isArray(error.details["problems"]) &&
      error.details["problems"].length === 2,
  );
});

test("a pool may not change its role nor lose disk, and a tenant that is being destroyed may not come back yet", () => {
  const { tenants } = resolve([
    { tenant_id: "acme", pools: [{ ...worker, pool_id: "gw", resources: { data_mib: 32 } }] },
    { tenant_id: "globex", pools: [] },
  ]);
  const rows = {
    ...noRows,
    tenants: [tenantRow("acme", 1), tenantRow("globex", 2, { standing: "destroying" })],
    pools: [poolRow("acme", "gw")],
  };
  assert.deepEqual(
    checkAgainstRows(tenants, rows, []).map(({ code, path, value }) => [code, path, value]),
    [
      ["MVM_FLEET_INVALID", "tenants[0].pools[0].role", "worker"],
      ["MVM_FLEET_INVALID", "tenants[0].pools[0].resources.data_mib", 32],
      ["MVM_TENANT_BEING_DESTROYED", "tenants[1].tenant_id", "globex"],
    ],
  );
});

test("a pool's data volumes are held against what their nodes say, and what is not known against the last wish", () => {
  const WISH_MIB = 4_000_000;
  const row = poolRow("acme", "wk", { resources: { vcpus: 1, mem_mib: 256, data_mib: WISH_MIB } });
  const rows = {
    ...noRows,
    tenants: [tenantRow("acme", 1)],
    pools: [row],
    instances: [instanceRow(row, 0), instanceRow(row, 1)],
  };
  /** Of the first instance and of the second; `undefined`: its node does not name it. */
  const leastOf = (dataMib: number, reports: readonly (Partial<InstanceStatus> | undefined)[]) => {
    const instances = rows.instances.flatMap(({ instanceId }, index) =>
      reports[index] === undefined ? [] : [instanceStatus({ instance_id: instanceId, ...reports[index] })],
    );
    const node = {
      nodeId: TEST_NODE,
      generation: 1,
      status: nodeStatus(1, { instances }),
      receivedAt: null,
      refusedChains: [],
    };
    const { tenants } = resolve([
      { tenant_id: "acme", pools: [{ ...gateway, pool_id: "wk", resources: { data_mib: dataMib } }] },
    ]);
    return checkAgainstRows(tenants, rows, [node]).map(({ message, remedy }) => `${message}. ${remedy}`);
  };
  const refused = (dataMib: number, leastMib: number) => [
    `data_mib is ${dataMib}, but pool 'wk' of tenant 'acme' has data volumes of ${leastMib} MiB, which never shrink. Say ${leastMib} or more.`,
  ];
  const [small, large] = [{ data_mib: 64 }, { data_mib: 128 }];
  assert.deepEqual(leastOf(64, [small, small]), [], "a wish that never came true is taken back");
  assert.deepEqual(leastOf(64, [small, large]), refused(64, 128), "the largest volume counts");
  assert.deepEqual(leastOf(128, [small, large]), []);
  const unborn = { data_mib: WISH_MIB, volume_generation: 0 };
  assert.deepEqual(leastOf(64, [small, unborn]), [], "what no guest has mounted holds nothing");
  assert.deepEqual(leastOf(64, [small, undefined]), refused(64, WISH_MIB), "no word of it");
  assert.deepEqual(leastOf(64, [small, { data_mib: null }]), refused(64, WISH_MIB), "an agent that does not tell");
  assert.deepEqual(leastOf(WISH_MIB, [{ data_mib: WISH_MIB + 1 }]), [], "the same number asks for nothing");
});

test("more memory than the node has is refused where it is too much, once", () => {
  const { tenants } = resolve([
    { tenant_id: "acme", pools: [{ ...worker, desired_counts: { running: 4 } }] },
    {
      tenant_id: "globex",
      pools: [
        { ...worker, desired_counts: { running: 3 } },
        { ...worker, pool_id: "x" },
      ],
    },
  ]);
  const node = (memMib: number, overhead?: MemOverhead) => ({
    nodeId: TEST_NODE,
    generation: 1,
    status: nodeStatus(1, {
      capacity: { cpus: 1, mem_mib: memMib, allocated_mem_mib: 0, ...(overhead && { overhead }) },
    }),
    receivedAt: null,
    refusedChains: [],
  });
  assert.deepEqual(checkCapacity(tenants, node(9 * 256)), []);
  const [problem, ...more] = checkCapacity(tenants, node(6 * 256));
  assert.deepEqual(
    [problem?.code, problem?.path, problem?.value, more],
    ["MVM_FLEET_CAPACITY", "tenants[1].pools[0].desired_counts.running", 3, []],
  );
  assert.match(
    problem?.message ?? "",
    /3 running instances of 256 MiB do not fit node 'node-1', which has 1536 MiB .* take 1024 MiB/,
  );
  const overhead: MemOverhead = { fixed_mib: 10, share: 0.5, least_mib: 64, most_mib: 1024 };
  assert.deepEqual(checkCapacity(tenants, node(9 * (256 + 138), overhead)), []);
  assert.match(
    checkCapacity(tenants, node(9 * 256, overhead))[0]?.message ?? "",
    /running instances of 394 MiB \(256 and 138 for its VMM\) do not fit/,
    "the node's VMMs are reckoned with",
  );
  assert.deepEqual(
    checkCapacity(tenants, node(255))
      .map(({ path }) => path)
      .slice(0, 1),
    ["tenants[0].pools[0].resources.mem_mib"],
  );
  assert.deepEqual(
    checkCapacity(tenants, { ...node(1), status: null }),
    [],
    "a node that never reported is not judged",
  );
  assert.deepEqual(checkCapacity(tenants, null), []);
});
