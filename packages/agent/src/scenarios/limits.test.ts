/** A profile's limits, on their way from its declaration to the VM. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, MicrovmsTables, resolveType } from "@mvm/core";
import type { VmLimits } from "@mvm/runtime";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

function declaredLimits(limits: Readonly<Record<string, number>>) {
  const defaults = { vcpus: 1, mem_mib: 256, data_mib: 64 };
  const tables = MicrovmsTables.parse({
    roles: { vm: { description: "r", profiles: ["minimal"] } },
    profiles: { minimal: { description: "p", min_mem_mib: 64, defaults, limits } },
  });
  return resolveType(tables, "vm", "minimal").limits;
}

const cases: readonly (readonly [says: string, declared: Readonly<Record<string, number>>, VmLimits])[] = [
  [
    "all of them, rates in bytes",
    { cpu_percent: 150, disk_kib_per_second: 2_048, disk_ops_per_second: 300, net_kib_per_second: 64 },
    { cpuPercent: 150, diskBytesPerSecond: 2_097_152, diskOpsPerSecond: 300, netBytesPerSecond: 65_536 },
  ],
  ["one alone, and no other", { net_kib_per_second: 100 }, { netBytesPerSecond: 102_400 }],
  ["none", {}, {}],
];

describe("a profile's limits reach the VM", () => {
  for (const [says, declared, limits] of cases)
    it(says, async () => {
      const node = await FakeNode.started(singlePoolSpec({ limits: declaredLimits(declared) }));
      assert.ok(await node.until(() => node.isReady(SINGLE)));
      assert.deepEqual(node.machine.vmOf(SINGLE)?.limits, limits);
    });
});
