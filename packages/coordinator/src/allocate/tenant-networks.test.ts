import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, formatRange, isMvmError, parseRange, sizeOf, type TenantNetworkRow } from "@mvm/core";
import fc from "fast-check";
import type { NetworkSettings } from "../settings.ts";
import { subnetOf } from "./instance-addresses.ts";
import { tenantCapacity, tenantNetworkAllocator } from "./tenant-networks.ts";

const settings: NetworkSettings = {
  namePrefix: "mvm",
  clusterCidr: "10.64.0.0/10",
  tenantPrefixLength: 24,
  uplinkCidr: "100.64.0.0/16",
};

/** Hands out `count` networks beside `existing`, from network id `start` on. */
function allocate(
  count: number,
  from: NetworkSettings,
  { existing = [], start = 1 }: { existing?: readonly TenantNetworkRow[]; start?: number } = {},
): TenantNetworkRow[] {
  const allocator = tenantNetworkAllocator(from, existing, start);
  return Array.from({ length: count }, () => allocator.next());
}

test("network id, subnet, uplink and names can be read from each other", () => {
  assert.deepEqual(allocate(2, settings)[1], {
    tenantNetId: 2,
    subnetBase: parseRange("10.64.2.0/24").first,
    subnetPrefixLength: 24,
    uplinkBase: parseRange("100.64.0.8/30").first,
    namespace: "mvm-2",
    hostInterface: "mvmu2",
  });
});

test("every subnet of the range is given out once, then exhaustion says how many there are", () => {
  const small: NetworkSettings = { ...settings, clusterCidr: "10.64.0.0/22", uplinkCidr: "100.64.0.0/28" };
  assert.equal(tenantCapacity(small), 4);
  const networks = allocate(4, small);
  assert.deepEqual(
    networks.map((network) => formatRange(subnetOf(network))),
    ["10.64.1.0/24", "10.64.2.0/24", "10.64.3.0/24", "10.64.0.0/24"],
  );
  assert.throws(
    () => allocate(1, small, { existing: networks }),
    (error) =>
      isMvmError(error, "MVM_NET_EXHAUSTED") &&
      /room for 4 tenants, 4 exist/.test(error.message) &&
      error.details["capacity"] === 4,
  );
});

test("the narrower of the two ranges decides how many tenants there can be", () => {
  assert.equal(tenantCapacity({ ...settings, clusterCidr: "10.64.0.0/24" }), 1);
  assert.equal(tenantCapacity({ ...settings, uplinkCidr: "100.64.0.0/29" }), 2);
  assert.equal(tenantCapacity(settings), 16_384);
});

test("a network that is given back rests until the ring has wrapped", () => {
  const small: NetworkSettings = { ...settings, clusterCidr: "10.64.0.0/22", uplinkCidr: "100.64.0.0/28" };
  const [first, , third] = allocate(3, small);
  assert.ok(first !== undefined && third !== undefined);
  const [next, afterWrap] = allocate(2, small, { existing: [first, third], start: 4 });
  assert.deepEqual([next?.tenantNetId, afterWrap?.tenantNetId], [4, 2]);
});

test("networks from ranges since edited are never overlapped", () => {
  const wide: NetworkSettings = { ...settings, tenantPrefixLength: 20 };
  const old = allocate(3, wide);
  const fresh = allocate(200, settings, { existing: old });
  assertDisjoint([...old, ...fresh]);
});

const prefixLengths = fc.integer({ min: 20, max: 28 });

test("property: whatever exists and is given back, networks never share an address, id, uplink or name", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ release: fc.nat({ max: 40 }), take: fc.integer({ min: 1, max: 12 }), prefix: prefixLengths }),
        { minLength: 1, maxLength: 8 },
      ),
      (rounds) => {
        let networks: TenantNetworkRow[] = [];
        let cursor = 1;
        for (const { release, take, prefix } of rounds) {
          networks = networks.filter((_, index) => index % 7 !== release % 7);
          const allocator = tenantNetworkAllocator(
            { ...settings, clusterCidr: "10.64.0.0/14", tenantPrefixLength: prefix },
            networks,
            cursor,
          );
          for (let index = 0; index < take; index += 1)
            networks = [...networks, tryNext(allocator)].filter((network) => network !== null);
          cursor = allocator.cursor();
          assertDisjoint(networks);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function tryNext(allocator: { next(): TenantNetworkRow }): TenantNetworkRow | null {
  try {
    return allocator.next();
  } catch (error) {
    assert.ok(isMvmError(error, "MVM_NET_EXHAUSTED"));
    return null;
  }
}

function assertDisjoint(networks: readonly TenantNetworkRow[]): void {
  const ranges = networks.map((network) => subnetOf(network)).toSorted((a, b) => a.first - b.first);
  for (const [index, range] of ranges.entries()) {
    const next = ranges[index + 1];
    assert.ok(
      next === undefined || range.first + sizeOf(range) <= next.first,
      `${formatRange(range)} overlaps ${next === undefined ? "" : formatRange(next)}`,
    );
  }
  for (const field of ["tenantNetId", "uplinkBase", "namespace", "hostInterface"] as const) {
    assert.equal(new Set(networks.map((network) => network[field])).size, networks.length, `${field} given twice`);
  }
  for (const { hostInterface, uplinkBase } of networks) {
    assert.ok(hostInterface.length <= 15, `${hostInterface} fits Linux' limit for link names`);
    assert.equal(uplinkBase % 4, 0, formatAddress(uplinkBase));
  }
}
