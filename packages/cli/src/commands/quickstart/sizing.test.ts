import assert from "node:assert/strict";
import test from "node:test";
import { Fleet, isMvmError, MicrovmsTables, NO_MEM_OVERHEAD } from "@mvm/core";
import { checkRoom, parallelStarts, wantedMemMib, wantedTypes } from "./sizing.ts";

const fleet = Fleet.parse({
  schema_version: 1,
  tenants: ["acme", "globex"].map((tenant) => ({
    tenant_id: tenant,
    pools: [
      { pool_id: "gw", role: "gateway", profile: "small", desired_counts: { running: 1 } },
      {
        pool_id: "worker",
        role: "worker",
        profile: "small",
        desired_counts: { running: 3 },
        resources: { mem_mib: 300 },
      },
    ],
  })),
});
const microvms = MicrovmsTables.parse({
  profiles: { small: { description: "s", min_mem_mib: 64, defaults: { vcpus: 1, mem_mib: 200, data_mib: 64 } } },
});

test("one boot a processor, fewer where memory is short, at least one, at most eight", () => {
  const starts = (cpus: number, memMib: number): number => parallelStarts({ cpus, memMib });
  assert.deepEqual([starts(1, 64_000), starts(2, 64_000), starts(64, 64_000)], [1, 2, 8]);
  assert.deepEqual([starts(8, 8192), starts(8, 1024)], [2, 1]);
});

test("memory of all wanted instances: the pool's own, else the profile's, and their VMMs'", () => {
  assert.equal(wantedMemMib({ fleet, microvms, overhead: NO_MEM_OVERHEAD }), 2 * (200 + 3 * 300));
  const overhead = { fixed_mib: 10, share: 0.5, least_mib: 0, most_mib: 120 };
  assert.equal(wantedMemMib({ fleet, microvms, overhead }), 2 * (200 + 110 + 3 * (300 + 130)), "with their VMMs");
});

test("each type needs its image once", () => {
  assert.deepEqual(wantedTypes(fleet), [
    { role: "gateway", profile: "small" },
    { role: "worker", profile: "small" },
  ]);
});

test("what does not fit is refused with both figures and the way out", () => {
  checkRoom({ cpus: 2, memMib: 2000 }, { wantedMib: 1000, reservedMib: 1000 });
  assert.throws(
    () => checkRoom({ cpus: 2, memMib: 2000 }, { wantedMib: 1001, reservedMib: 1000 }),
    (error) =>
      isMvmError(error, "MVM_FLEET_CAPACITY") &&
      /1001 MiB.*1000 MiB/.test(error.message) &&
      error.remedy.includes("--minimal"),
  );
});
