import assert from "node:assert/strict";
import { test } from "node:test";
import type { TenantNetworkSpec } from "@mvm/core";
import { parseDestination } from "./route-destinations.ts";
import { hostUplinkSettings, namespaceSettings, outwardSettings } from "./kernel-settings.ts";
import {
  decodeNamespaceLinks,
  planHostUp,
  planMissingLinks,
  planNamespaceUp,
  planStaleLinks,
  planTap,
  planTapUp,
  type ObservedHost,
} from "./namespace-links.ts";
import { bridgeMac } from "./network-names.ts";

const uplink = {
  host_interface: "mvmu1",
  namespace_interface: "uplink",
  host_ipv4: "100.64.0.5",
  namespace_ipv4: "100.64.0.6",
};
const network: TenantNetworkSpec = {
  tenant_net_id: 258,
  ipv4_subnet: "10.64.1.0/24",
  bridge_ipv4: "10.64.1.1",
  namespace: "mvm-acme",
  uplink,
  egress: { policy: "allow-list", allow: [{ cidr: "198.51.100.0/24", port: 443, protocol: "tcp" }] },
};

/** As `ip -json -batch` prints for link, route and tuntap, shortened. */
const observed = decodeNamespaceLinks(`
[{"ifname":"lo","flags":["LOOPBACK"]},{"ifname":"br0"},{"ifname":"uplink","link_index":6,"link_netnsid":0},{"ifname":"tap10"},{"ifname":"tap11"},{"ifname":"tap12"}]
[{"dst":"10.64.1.0/24","dev":"br0","protocol":"kernel"},{"dst":"203.0.113.7","gateway":"100.64.0.5","dev":"uplink"},{"type":"prohibit","dst":"192.0.2.9"},{"dst":"default","dev":"uplink"}]
[{"ifname":"tap10","flags":["tap","persist"],"user":200010},{"ifname":"tap11","flags":["tap","multi_queue","persist"],"user":200011},{"ifname":"tap12","flags":["tap","persist"]}]
`);
const whole: ObservedHost = { namespace: observed, hostUplinkExists: true };
const nothing: ObservedHost = { namespace: "absent", hostUplinkExists: false };

test("a new network: namespace, bridge and uplink, all down", () => {
  assert.deepEqual(planMissingLinks(network, nothing), [
    "netns add mvm-acme",
    "link add name br0 address 06:00:00:00:01:02 netns mvm-acme type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
    "link add name mvmu1 type veth peer name uplink netns mvm-acme",
  ]);
  assert.deepEqual(planStaleLinks(network, nothing), []);
});

test("what is there already is not made again", () => {
  assert.deepEqual(planMissingLinks(network, whole), []);
  assert.deepEqual(planStaleLinks(network, whole), []);
});

test("what was left half made is made anew", () => {
  assert.deepEqual(planMissingLinks(network, { namespace: "broken", hostUplinkExists: true }).slice(0, 2), [
    "netns delete mvm-acme",
    "netns add mvm-acme",
  ]);
  const halfUplink: ObservedHost = {
    namespace: { ...observed, links: ["lo", "br0"], veths: [] },
    hostUplinkExists: true,
  };
  assert.deepEqual(planMissingLinks(network, halfUplink), [
    "link delete dev mvmu1",
    "link add name mvmu1 type veth peer name uplink netns mvm-acme",
  ]);
  assert.deepEqual(planStaleLinks(network, { namespace: observed, hostUplinkExists: false }), [
    "link delete dev uplink",
  ]);
});

test("an uplink that the spec no longer has is removed", () => {
  const closed = { ...network, uplink: null };
  assert.deepEqual(planStaleLinks(closed, { namespace: observed, hostUplinkExists: false }), [
    "link delete dev uplink",
  ]);
  assert.deepEqual(planHostUp(closed), []);
  assert.deepEqual(planNamespaceUp(closed, whole, []), ["address replace 10.64.1.1/24 dev br0", "link set dev br0 up"]);
});

test("routes lead to the policy's ranges only; what they must not cover is prohibited", () => {
  assert.deepEqual(
    planNamespaceUp(network, whole, [parseDestination("198.51.100.2"), parseDestination(uplink.host_ipv4)]),
    [
      "address replace 10.64.1.1/24 dev br0",
      "link set dev br0 up",
      "address replace 100.64.0.6/30 dev uplink",
      "link set dev uplink up",
      "route replace prohibit 169.254.0.0/16",
      "route replace prohibit 198.51.100.2",
      "route replace 198.51.100.0/24 via 100.64.0.5 dev uplink",
      "route delete unicast 203.0.113.7",
      "route delete prohibit 192.0.2.9",
      "route delete unicast default",
    ],
  );
});

test("routes of an uplink that is made anew went with the old one", () => {
  const lines = planNamespaceUp(network, { namespace: observed, hostUplinkExists: false }, []);
  assert.deepEqual(
    lines.filter((line) => line.startsWith("route delete")),
    ["route delete prohibit 192.0.2.9"],
  );
});

test("the host reaches the guests through its end of the uplink", () => {
  assert.deepEqual(planHostUp(network), [
    "address replace 100.64.0.5/30 dev mvmu1",
    "link set dev mvmu1 up",
    "route replace 10.64.1.0/24 via 100.64.0.6 dev mvmu1 src 100.64.0.5",
  ]);
});

test("a tap is made for its owner, kept when it is right and replaced when it is not", () => {
  assert.deepEqual(planTap("tap13", 200_013, observed), ["tuntap add dev tap13 mode tap user 200013"]);
  assert.deepEqual(planTap("tap10", 200_010, observed), []);
  const replaced = (tap: string, uid: number): readonly string[] => [
    `link delete dev ${tap}`,
    `tuntap add dev ${tap} mode tap user ${uid}`,
  ];
  assert.deepEqual(planTap("tap10", 200_099, observed), replaced("tap10", 200_099), "another owner");
  assert.deepEqual(planTap("tap11", 200_011, observed), replaced("tap11", 200_011), "several queues");
  assert.deepEqual(planTap("tap12", 200_012, observed), replaced("tap12", 200_012), "no owner");
  assert.deepEqual(planTapUp("tap10"), ["link set dev tap10 master br0 up"]);
});

test("every tenant's bridge has a MAC of its own that no guest has", () => {
  assert.equal(bridgeMac({ tenant_net_id: 1 }), "06:00:00:00:00:01");
  assert.equal(bridgeMac({ tenant_net_id: 0xfedc_ba98 }), "06:00:fe:dc:ba:98");
});

test("switches inside: forwarding only with an uplink, no IPv6, no bridged packets in the IP filters", () => {
  const all = { bridgeNetfilter: true, ipv6: true };
  assert.deepEqual(namespaceSettings(network, all), [
    "net/ipv4/conf/default/forwarding=0",
    "net/ipv4/conf/br0/forwarding=1",
    "net/ipv4/conf/all/accept_source_route=0",
    "net/ipv4/conf/all/rp_filter=0",
    "net/ipv4/conf/br0/rp_filter=1",
    "net/ipv4/conf/all/arp_ignore=1",
    "net/ipv4/conf/uplink/forwarding=1",
    "net/ipv4/conf/uplink/rp_filter=0",
    "net/ipv6/conf/all/disable_ipv6=1",
    "net/ipv6/conf/default/disable_ipv6=1",
    "net/bridge/bridge-nf-call-iptables=0",
    "net/bridge/bridge-nf-call-ip6tables=0",
    "net/bridge/bridge-nf-call-arptables=0",
  ]);
  const bare = namespaceSettings({ ...network, uplink: null }, { bridgeNetfilter: false, ipv6: false });
  assert.ok(bare.includes("net/ipv4/conf/br0/forwarding=0"));
  assert.equal(
    bare.some((setting) => /uplink|ipv6|bridge-nf/.test(setting)),
    false,
  );
});

test("switches on the host: its end forwards only for egress", () => {
  const forwarding = (hasEgress: boolean): string | undefined =>
    hostUplinkSettings(uplink, hasEgress, { bridgeNetfilter: true, ipv6: true })[0];
  assert.equal(forwarding(true), "net/ipv4/conf/mvmu1/forwarding=1");
  assert.equal(forwarding(false), "net/ipv4/conf/mvmu1/forwarding=0");
  assert.deepEqual(outwardSettings(["eth0.5"], true), ["net/ipv4/conf/eth0.5/forwarding=1"]);
});
