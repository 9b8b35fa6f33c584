import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, InstanceSpec, TenantId } from "@mvm/core";
import { tenantRow } from "@mvm/testing";
import fc from "fast-check";
import { addressOf, allocateSlot, bridgeAddress, macOf, slotRing, tapOf } from "./instance-addresses.ts";

const acme = tenantRow("acme", 0x01_02_03);
const owner = { tenantId: acme.tenantId, network: { ...acme.network, subnetBase: 0x0a400100 } };

test("address, MAC and tap follow from network and slot", () => {
  assert.equal(bridgeAddress(owner.network), "10.64.1.1");
  assert.equal(addressOf(owner.network, 10), "10.64.1.10");
  assert.equal(macOf(owner.network, 0x0a0b), "02:01:02:03:0a:0b");
  assert.equal(tapOf(10), "tap10");
});

test("slots run from 10 to the last address before the broadcast's", () => {
  assert.deepEqual(slotRing(owner.network), { first: 10, last: 254 });
  assert.deepEqual(slotRing({ ...owner.network, subnetPrefixLength: 20 }), { first: 10, last: 4094 });
  assert.deepEqual(slotRing({ ...owner.network, subnetPrefixLength: 28 }), { first: 10, last: 14 });
});

test("slots rise and wrap only at the end", () => {
  assert.equal(allocateSlot(owner, 0, new Set()), 10);
  assert.equal(allocateSlot(owner, 12, new Set([10])), 12);
  assert.equal(allocateSlot(owner, 255, new Set([10, 11])), 12);
});

test("a full subnet says how many it holds", () => {
  const full = new Set(Array.from({ length: 245 }, (_, index) => index + 10));
  assert.throws(
    () => allocateSlot(owner, 10, full),
    (error) =>
      isMvmError(error, "MVM_NET_EXHAUSTED") &&
      /'acme'.*10\.64\.1\.0\/24 has room for 245 instances, 245 exist/.test(error.message),
  );
});

test("property: two instances share no address, MAC or tap of one tenant, and no MAC across tenants", () => {
  const tenants = fc
    .tuple(fc.integer({ min: 1, max: 0xff_ff_ff }), fc.integer({ min: 1, max: 0xff_ff_ff }))
    .filter(([a, b]) => a !== b);
  fc.assert(
    fc.property(
      tenants,
      fc.integer({ min: 20, max: 28 }),
      fc.integer({ min: 1, max: 60 }),
      ([first, second], prefix, wanted) => {
        const seen = { mac: new Set<string>(), place: new Set<string>() };
        for (const netId of [first, second]) {
          const network = {
            ...tenantRow("acme", 1).network,
            tenantNetId: netId,
            subnetPrefixLength: prefix,
            subnetBase: 0x0a400000,
          };
          const taken = new Set<number>();
          const { first: lowest, last } = slotRing(network);
          const count = Math.min(wanted, last - lowest + 1);
          for (let index = 0; index < count; index += 1) {
            const slot = allocateSlot({ tenantId: TenantId.parse("acme"), network }, 11, taken);
            taken.add(slot);
            const mac = macOf(network, slot);
            InstanceSpec.shape.mac.parse(mac);
            InstanceSpec.shape.tap.parse(tapOf(slot));
            seen.mac.add(mac);
            seen.place.add(`${netId}/${addressOf(network, slot)}`);
          }
          assert.equal(taken.size, count);
        }
        assert.equal(seen.mac.size, seen.place.size);
      },
    ),
    { numRuns: 200 },
  );
});
