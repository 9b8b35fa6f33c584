import assert from "node:assert/strict";
import { test } from "node:test";
import { planEgress } from "./egress-plan.ts";
import { renderHostRemoval, renderHostRules, renderHostTableRemoval } from "./host-ruleset.ts";
import { decodeTableUplinks } from "./host-table.ts";

const uplink = {
  host_interface: "mvmu1",
  namespace_interface: "uplink",
  host_ipv4: "100.64.0.5",
  namespace_ipv4: "100.64.0.6",
};

test("a tenant's part comes with the part that all share", () => {
  const egress = planEgress({ policy: "allow-list", allow: [{ cidr: "198.51.100.0/24", port: 443, protocol: "tcp" }] });
  assert.equal(
    renderHostRules({ namePrefix: "mvm", uplink, egress, outward: ["eth0"] }),
    `add table inet mvm_host
add set inet mvm_host uplinks { type ifname; }
add set inet mvm_host outward { type ifname; }
add map inet mvm_host egress { type ifname : verdict; }
add chain inet mvm_host input { type filter hook input priority filter; policy accept; }
add chain inet mvm_host forward { type filter hook forward priority filter; policy accept; }
add chain inet mvm_host postrouting { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet mvm_host input
flush chain inet mvm_host forward
flush chain inet mvm_host postrouting
add rule inet mvm_host input iifname @uplinks ct direction reply ct state established accept
add rule inet mvm_host input iifname @uplinks drop
add rule inet mvm_host forward oifname @uplinks ct direction reply ct state established,related accept
add rule inet mvm_host forward oifname @uplinks drop
add rule inet mvm_host forward iifname vmap @egress
add rule inet mvm_host forward iifname @uplinks drop
add rule inet mvm_host forward iifname @outward drop
add rule inet mvm_host postrouting iifname @uplinks oifname != @uplinks masquerade
add element inet mvm_host uplinks { "mvmu1" }
flush set inet mvm_host outward
add element inet mvm_host outward { "eth0" }
add set inet mvm_host tcp_mvmu1 { type ipv4_addr . inet_service; flags interval; }
flush set inet mvm_host tcp_mvmu1
add element inet mvm_host tcp_mvmu1 { 198.51.100.0/24 . 443 }
add set inet mvm_host udp_mvmu1 { type ipv4_addr . inet_service; flags interval; }
flush set inet mvm_host udp_mvmu1
add chain inet mvm_host egress_mvmu1
flush chain inet mvm_host egress_mvmu1
add rule inet mvm_host egress_mvmu1 ip daddr . tcp dport @tcp_mvmu1 accept
add rule inet mvm_host egress_mvmu1 ip daddr . udp dport @udp_mvmu1 accept
add element inet mvm_host egress { "mvmu1" : jump egress_mvmu1 }
`,
  );
});

test("removal takes a tenant's own things and no others", () => {
  const text = renderHostRemoval("mvm", ["mvmu1"]);
  assert.deepEqual(text.trim().split("\n"), [
    'delete element inet mvm_host uplinks { "mvmu1" }',
    'delete element inet mvm_host egress { "mvmu1" }',
    "flush chain inet mvm_host egress_mvmu1",
    "delete chain inet mvm_host egress_mvmu1",
    "delete set inet mvm_host tcp_mvmu1",
    "delete set inet mvm_host udp_mvmu1",
  ]);
  assert.equal(renderHostTableRemoval("mvm"), "delete table inet mvm_host\n");
});

test("the uplinks are read back from nft's listing", () => {
  const listing = (...sets: object[]): string =>
    JSON.stringify({
      nftables: [{ metainfo: { json_schema_version: 1 } }, { table: { family: "inet", name: "mvm_host" } }, ...sets],
    });
  const uplinks = { set: { family: "inet", name: "uplinks", type: "ifname", elem: ["mvmu1", "mvmu2"] } };
  assert.deepEqual(decodeTableUplinks(listing({ set: { name: "outward", elem: ["eth0"] } }, uplinks)), [
    "mvmu1",
    "mvmu2",
  ]);
  assert.deepEqual(decodeTableUplinks(listing({ set: { name: "uplinks" } })), []);
  assert.throws(() => decodeTableUplinks(listing({ set: { name: "uplinks", elem: [{ range: [1, 2] }] } })));
});
