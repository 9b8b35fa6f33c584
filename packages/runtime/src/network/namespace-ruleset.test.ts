import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId, type TenantNetworkSpec } from "@mvm/core";
import { renderNamespaceRuleset, renderTapHook, renderTapUnhook } from "./namespace-ruleset.ts";
import type { GuestPort } from "./tenant-network.ts";

const network: TenantNetworkSpec = {
  tenant_net_id: 1,
  ipv4_subnet: "10.64.1.0/24",
  bridge_ipv4: "10.64.1.1",
  namespace: "mvm-acme",
  uplink: {
    host_interface: "mvmu1",
    namespace_interface: "uplink",
    host_ipv4: "100.64.0.5",
    namespace_ipv4: "100.64.0.6",
  },
  egress: {
    policy: "allow-list",
    allow: [
      { cidr: "198.51.100.0/24", port: 443, protocol: "tcp" },
      { cidr: "203.0.113.53", port: 53, protocol: "udp" },
    ],
  },
};
const port = (slot: number, ingressPorts: readonly number[]): GuestPort => ({
  instance: {
    instance_id: InstanceId.parse(`acme-gw-${slot}`),
    ipv4: `10.64.1.${slot}`,
    mac: `02:00:00:00:01:${slot}`,
    tap: `tap${slot}`,
  },
  ownerUid: 200_000 + slot,
  ingressPorts,
});

test("the whole ruleset of a tenant with ingress and egress", () => {
  const text = renderNamespaceRuleset({
    namePrefix: "mvm",
    network,
    ports: [port(10, [18_789]), port(11, [])],
    presentTaps: ["tap10"],
  });
  assert.equal(
    text,
    `add table netdev mvm_tenant
delete table netdev mvm_tenant
add table bridge mvm_tenant
delete table bridge mvm_tenant
add table inet mvm_tenant
delete table inet mvm_tenant
table netdev mvm_tenant {
  set sources { type ifname . ether_addr . ipv4_addr; elements = { "tap10" . 02:00:00:00:01:10 . 10.64.1.10, "tap11" . 02:00:00:00:01:11 . 10.64.1.11 } }
  chain guard {
    ether type ip udp dport { 67, 68 } drop
    ether type ip iifname . ether saddr . ip saddr @sources accept
    ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 iifname . ether saddr . arp saddr ip @sources iifname . arp saddr ether . arp saddr ip @sources accept
  }
  chain at_tap10 { type filter hook ingress device "tap10" priority filter; policy drop; jump guard; }
}
table bridge mvm_tenant {
  set taps { type ifname; elements = { "tap10", "tap11" } }
  chain prerouting {
    type filter hook prerouting priority filter; policy drop;
    iifname @taps accept
  }
}
table inet mvm_tenant {
  set ingress { type ipv4_addr . inet_service; elements = { 10.64.1.10 . 18789 } }
  set egress_tcp { type ipv4_addr . inet_service; flags interval; elements = { 198.51.100.0/24 . 443 } }
  set egress_udp { type ipv4_addr . inet_service; flags interval; elements = { 203.0.113.53 . 53 } }
  chain input { type filter hook input priority filter; policy drop; }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "br0" icmp type destination-unreachable accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct direction reply ct state established,related accept
    iifname "uplink" oifname "br0" ip saddr 100.64.0.5 ip daddr . tcp dport @ingress accept
    iifname "br0" oifname "uplink" ip daddr . tcp dport @egress_tcp accept
    iifname "br0" oifname "uplink" ip daddr . udp dport @egress_udp accept
    iifname "br0" reject with icmp admin-prohibited
  }
}
`,
  );
});

test("without an uplink nothing is forwarded, without ports nobody may speak", () => {
  const text = renderNamespaceRuleset({
    namePrefix: "mvm",
    network: { ...network, uplink: null, egress: { policy: "deny" } },
    ports: [],
    presentTaps: [],
  });
  assert.match(
    text,
    /chain forward \{\n {4}type filter hook forward priority filter; policy drop;\n {4}iifname "br0" reject/,
  );
  assert.match(text, /set sources \{ type ifname \. ether_addr \. ipv4_addr; \}/);
  assert.match(text, /set taps \{ type ifname; \}/);
  assert.doesNotMatch(text, /at_tap|uplink/);
});

test("a tap's guard is bound only to a port that the rules hold", () => {
  assert.deepEqual(renderTapHook("mvm", port(10, [])).split("\n"), [
    'get element netdev mvm_tenant sources { "tap10" . 02:00:00:00:01:10 . 10.64.1.10 }',
    'add chain netdev mvm_tenant at_tap10 { type filter hook ingress device "tap10" priority filter; policy drop; }',
    "flush chain netdev mvm_tenant at_tap10",
    "add rule netdev mvm_tenant at_tap10 jump guard",
    "",
  ]);
});

test("a tap's chain is removed whether or not it is still there", () => {
  assert.deepEqual(renderTapUnhook("mvm", "tap10").split("\n"), [
    "add table netdev mvm_tenant",
    "add chain netdev mvm_tenant at_tap10",
    "flush chain netdev mvm_tenant at_tap10",
    "delete chain netdev mvm_tenant at_tap10",
    "",
  ]);
});
