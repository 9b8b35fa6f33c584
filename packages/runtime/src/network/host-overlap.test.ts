import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, type TenantNetworkSpec } from "@mvm/core";
import { requireFreeRanges } from "./host-overlap.ts";
import { decodeHostRoutes } from "./host-routes.ts";

const network: TenantNetworkSpec = {
  tenant_net_id: 1,
  ipv4_subnet: "10.64.1.0/24",
  bridge_ipv4: "10.64.1.1",
  namespace: "mvm-1",
  uplink: {
    host_interface: "mvmu1",
    namespace_interface: "uplink",
    host_ipv4: "100.64.0.5",
    namespace_ipv4: "100.64.0.6",
  },
  egress: { policy: "deny" },
};

const cases = [
  { says: "the same range", route: { dst: "10.64.1.0/24", dev: "eth0" }, names: ["route to 10.64.1.0/24", "eth0"] },
  { says: "a range inside", route: { dst: "10.64.1.128/25", dev: "eth0" }, names: ["10.64.1.128/25"] },
  { says: "a range around it", route: { dst: "10.0.0.0/8", dev: "tun0" }, names: ["10.0.0.0/8", "tun0"] },
  { says: "a single host", route: { dst: "10.64.1.7", dev: "eth0" }, names: ["10.64.1.7"] },
  {
    says: "an address",
    route: { type: "local", dst: "10.64.1.9", dev: "eth1", table: "local" },
    names: ["address 10.64.1.9", "eth1"],
  },
  {
    says: "more than one way, one of them the own uplink",
    route: { dst: "10.64.0.0/16", nexthops: [{ dev: "mvmu1" }, { dev: "eth0" }] },
    names: ["10.64.0.0/16"],
  },
  {
    says: "the uplink's range",
    route: { dst: "100.64.0.0/29", dev: "eth0" },
    names: ["100.64.0.4/30", "100.64.0.0/29"],
    setting: "uplink_cidr",
  },
  { says: "the network beside it", route: { dst: "10.64.2.0/24", dev: "mvmu2" }, names: null },
  { says: "the link beside it", route: { dst: "100.64.0.8/30", dev: "mvmu2" }, names: null },
  { says: "the default route", route: { dst: "default", dev: "eth0" }, names: null },
  { says: "half of a VPN's default route", route: { dst: "0.0.0.0/1", dev: "tun0" }, names: null },
  { says: "its own uplink's route", route: { dst: "10.64.1.0/24", dev: "mvmu1" }, names: null },
  {
    says: "its own uplink's address",
    route: { type: "local", dst: "100.64.0.5", dev: "mvmu1", table: "local" },
    names: null,
  },
] as const;

for (const { says, route, names, ...rest } of cases) {
  test(`a host with ${says} ${names === null ? "has room for the network" : "has not"}`, () => {
    const decide = (): void => requireFreeRanges(network, decodeHostRoutes([route]));
    if (names === null) return decide();
    assert.throws(decide, (error) => {
      assert.ok(isMvmError(error, "MVM_NET_OVERLAP"));
      for (const name of names) assert.ok(error.message.includes(name), error.message);
      assert.ok(error.remedy.includes(`[network] ${"setting" in rest ? rest.setting : "cluster_cidr"}`), error.remedy);
      return true;
    });
  });
}

test("a network without an uplink leaves the host's routes alone", () => {
  requireFreeRanges({ ...network, uplink: null }, decodeHostRoutes([{ dst: "10.64.1.0/24", dev: "eth0" }]));
});
