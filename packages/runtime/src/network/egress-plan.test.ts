import assert from "node:assert/strict";
import { test } from "node:test";
import { destinationElements, planEgress } from "./egress-plan.ts";
import { formatDestination } from "./route-destinations.ts";

test("deny opens nothing", () => {
  assert.deepEqual(planEgress({ policy: "deny" }), { tcp: [], udp: [], ranges: [] });
});

test("entries are sorted by protocol, and nested ones of a port fold into the widest", () => {
  const plan = planEgress({
    policy: "allow-list",
    allow: [
      { cidr: "198.51.100.7", port: 443, protocol: "tcp" },
      { cidr: "198.51.100.9/24", port: 443, protocol: "tcp" },
      { cidr: "198.51.100.7", port: 8443, protocol: "tcp" },
      { cidr: "203.0.113.53", port: 53, protocol: "udp" },
      { cidr: "203.0.113.53", port: 53, protocol: "udp" },
    ],
  });
  assert.deepEqual(destinationElements(plan.tcp), ["198.51.100.0/24 . 443", "198.51.100.7 . 8443"]);
  assert.deepEqual(destinationElements(plan.udp), ["203.0.113.53 . 53"]);
  assert.deepEqual(plan.ranges.map(formatDestination), ["198.51.100.0/24", "203.0.113.53"]);
});

test("everything is written as a range that nft takes", () => {
  const plan = planEgress({ policy: "allow-list", allow: [{ cidr: "0.0.0.0/0", port: 443, protocol: "tcp" }] });
  assert.deepEqual(destinationElements(plan.tcp), ["0.0.0.0/0 . 443"]);
});

test("link-local destinations are left out, the metadata service first", () => {
  const allow = ["169.254.169.254", "169.254.0.0/16"].map((cidr) => ({ cidr, port: 80, protocol: "tcp" as const }));
  assert.deepEqual(planEgress({ policy: "allow-list", allow }), { tcp: [], udp: [], ranges: [] });
});
