import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHostRoutes, outwardInterfaces, ownAddressesWithin } from "./host-routes.ts";
import { formatDestination, parseDestination } from "./route-destinations.ts";

/** As `ip -4 -json route show table all` prints, shortened. */
const routes = decodeHostRoutes([
  { dst: "default", gateway: "198.51.100.1", dev: "eth0", flags: [] },
  { dst: "198.51.100.0/24", dev: "eth0", protocol: "kernel", scope: "link", prefsrc: "198.51.100.2", flags: [] },
  {
    dst: "10.20.0.0/16",
    nexthops: [
      { dev: "eth1", weight: 1 },
      { dev: "eth2", weight: 1 },
    ],
  },
  { dst: "10.64.2.0/24", gateway: "100.64.0.10", dev: "mvmu2" },
  { type: "blackhole", dst: "10.99.0.0/16" },
  { type: "local", dst: "127.0.0.0/8", dev: "lo", table: "local" },
  { type: "local", dst: "198.51.100.2", dev: "eth0", table: "local" },
  { type: "broadcast", dst: "198.51.100.255", dev: "eth0", table: "local" },
]);
const isOurs = (name: string): boolean => name.startsWith("mvm");
const outward = (...ranges: string[]): readonly string[] =>
  outwardInterfaces(routes, ranges.map(parseDestination), isOurs);

test("a destination leaves by its most specific route, a range also by those inside it", () => {
  assert.deepEqual(outward("203.0.113.7"), ["eth0"]);
  assert.deepEqual(outward("10.20.3.0/24"), ["eth1", "eth2"]);
  assert.deepEqual(outward("10.0.0.0/8"), ["eth0", "eth1", "eth2"]);
});

test("an uplink of ours leads nowhere outwards", () => {
  assert.deepEqual(outward("10.64.2.0/24"), []);
});

test("the host's own addresses in a range are known, loopback aside", () => {
  const own = (range: string): readonly string[] =>
    ownAddressesWithin(routes, [parseDestination(range)]).map(formatDestination);
  assert.deepEqual(own("198.51.100.0/24"), ["198.51.100.2", "198.51.100.255"]);
  assert.deepEqual(own("203.0.113.0/24"), []);
  assert.deepEqual(own("0.0.0.0/0"), ["198.51.100.2", "198.51.100.255"]);
});

test("what is not a list of routes is refused", () => {
  assert.throws(() => decodeHostRoutes([{ dev: "eth0" }]));
});
