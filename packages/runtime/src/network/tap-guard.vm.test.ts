/**
 * What a guest may send at its own tap: frames of a raw guest to its neighbour in the same tenant.
 * Each forged frame differs from an honest one, which arrives, in the thing that the test names.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeFiles } from "@mvm/core";
import {
  BROADCAST_MAC,
  ETHERTYPE,
  SETTLE_MS,
  TENANT_A,
  TEST_NAME_PREFIX,
  arp,
  arrives,
  datagram,
  echoRequest,
  ethernet,
  isSilent,
  newTag,
  openTwoTenants,
  requires,
  syn,
  tagged,
  udp,
  type Endpoint,
  type Tagged,
  type TwoTenants,
} from "@mvm/testing";
import { setTimeout as sleep } from "node:timers/promises";
import { createLinuxCommands } from "../host/commands.ts";
import { createTenantNetworks } from "./linux-tenant-networks.ts";

type Cell = (lab: TwoTenants) => Tagged;

const { bridge_ipv4: gateway, uplink } = TENANT_A.network;
const ANY = "255.255.255.255";

/** A datagram of a1 to a2, the frame that every forgery is a variation of. */
const honest: Cell =
  ({ a1, a2 }) =>
  (tag) =>
    a1.direct(a2.mac, datagram(a1.ip, a2.ip, 9)(tag));

const arrivals: Readonly<Record<string, Cell>> = {
  UDP: honest,
  TCP:
    ({ a1, a2 }) =>
    (tag) =>
      a1.direct(a2.mac, syn(a1.ip, a2.ip, 22)(tag)),
  ICMP:
    ({ a1, a2 }) =>
    (tag) =>
      a1.direct(a2.mac, echoRequest(a1.ip, a2.ip, tag)),
  ARP:
    ({ a1, a2 }) =>
    (tag) =>
      a1.question(a2.ip, tag),
  broadcast:
    ({ a1 }) =>
    (tag) =>
      a1.direct(BROADCAST_MAC, datagram(a1.ip, ANY, 9)(tag)),
};

/** An ARP answer to a2 in a frame of `frameMac`, claiming that `sender` is who it says. */
const arpAnswer =
  (claim: (lab: TwoTenants) => { frameMac: string; sender: Endpoint }): Cell =>
  (lab) =>
  (tag) => {
    const { frameMac, sender } = claim(lab);
    const payload = arp({ operation: "reply", sender, target: lab.a2.endpoint, tag });
    return ethernet({ to: BROADCAST_MAC, from: frameMac, type: ETHERTYPE.arp, payload });
  };

/** A datagram to a2 in a frame of `mac`, from the address `ip`. */
const claiming =
  (claim: (lab: TwoTenants) => Endpoint): Cell =>
  (lab) =>
  (tag) => {
    const { mac, ip } = claim(lab);
    return ethernet({ to: BROADCAST_MAC, from: mac, type: ETHERTYPE.ipv4, payload: datagram(ip, ANY, 9)(tag) });
  };

/** A frame of a1 with another payload than ARP or IPv4. */
const ofType =
  (to: string, type: number, head: Buffer): Cell =>
  ({ a1 }) =>
  (tag) =>
    ethernet({ to, from: a1.mac, type, payload: Buffer.concat([head, Buffer.from(tag)]) });

const dhcp =
  (fromPort: number, toPort: number): Cell =>
  ({ a1 }) =>
  (tag) =>
    a1.direct(BROADCAST_MAC, udp({ from: a1.ip, to: ANY, fromPort, toPort }, tag));

const forgeries: Readonly<Record<string, Cell>> = {
  "the neighbour's MAC": claiming(({ a1, a2 }) => ({ mac: a2.mac, ip: a1.ip })),
  "nobody's MAC": claiming(({ a1 }) => ({ mac: "02:00:00:00:99:99", ip: a1.ip })),
  "the neighbour's address": claiming(({ a1, a2 }) => ({ mac: a1.mac, ip: a2.ip })),
  "the neighbour's MAC and address": claiming(({ a2 }) => a2.endpoint),
  "the gateway's address": claiming(({ a1 }) => ({ mac: a1.mac, ip: gateway })),
  "the other tenant's address": claiming(({ a1, b1 }) => ({ mac: a1.mac, ip: b1.ip })),
  "an ARP answer for the gateway": arpAnswer(({ a1 }) => ({ frameMac: a1.mac, sender: { mac: a1.mac, ip: gateway } })),
  "an ARP answer with the neighbour's MAC": arpAnswer(({ a1, a2 }) => ({
    frameMac: a1.mac,
    sender: { mac: a2.mac, ip: a1.ip },
  })),
  "an ARP answer in a frame of the neighbour's": arpAnswer(({ a1, a2 }) => ({
    frameMac: a2.mac,
    sender: a1.endpoint,
  })),
  "a VLAN tag": (lab) => (tag) => tagged(honest(lab)(tag), 5),
  "a VLAN tag of number 0": (lab) => (tag) => tagged(honest(lab)(tag), 0),
  "two VLAN tags": (lab) => (tag) => tagged(tagged(honest(lab)(tag), 5), 6, ETHERTYPE.serviceVlan),
  IPv6: ofType("33:33:00:00:00:01", ETHERTYPE.ipv6, Buffer.concat([Buffer.from([0x60]), Buffer.alloc(39)])),
  "another ether type": ofType(BROADCAST_MAC, ETHERTYPE.lldp, Buffer.alloc(0)),
  "a spanning-tree frame": ofType("01:80:c2:00:00:00", 39, Buffer.from([0x42, 0x42, 3])),
  "a DHCP server's answer": dhcp(67, 68),
  "a DHCP client's question": dhcp(68, 67),
};

describe("the guard at a tap", { skip: await requires("root", "qemu", "network") }, () => {
  let runtimeDir: string;
  let lab: TwoTenants;

  before(async () => {
    runtimeDir = await mkdtemp(join(tmpdir(), "mvm-tap-guard-"));
    const commands = createLinuxCommands();
    const networks = createTenantNetworks({
      namePrefix: TEST_NAME_PREFIX,
      owner: runtimeDir,
      runtimeDir,
      commands,
      files: nodeFiles,
    });
    lab = await openTwoTenants({ networks, commands });
  });

  after(async () => {
    await lab.close();
    await rm(runtimeDir, { recursive: true });
  });

  for (const [name, cell] of Object.entries(arrivals)) {
    test(`lets pass to the neighbour: ${name}`, () => arrives(lab.a1, lab.a2, cell(lab)));
  }

  for (const [name, cell] of Object.entries(forgeries)) {
    test(`drops: ${name}`, () => {
      const control = (): Promise<void> => arrives(lab.a1, lab.a2, honest(lab));
      return isSilent(lab.a2, { from: lab.a1, frame: cell(lab), control });
    });
  }

  test("leaves to the namespace itself ARP for the bridge's address, and nothing else", async () => {
    const { a1 } = lab;
    const start = a1.seen.length;
    for (const ip of [uplink.namespace_ipv4, gateway]) {
      a1.send(a1.viaGateway(echoRequest(a1.ip, ip, newTag())));
      a1.send(a1.viaGateway(datagram(a1.ip, ip, 9)(newTag())));
      a1.send(a1.viaGateway(syn(a1.ip, ip, 9)(newTag())));
      a1.send(a1.question(ip));
    }
    const isAnswer = (from: string) => (frame: (typeof a1.seen)[number]) =>
      frame.arp?.operation === 2 && frame.arp.sender.ip === from;
    await a1.waitFor(isAnswer(gateway), "the gateway's ARP answer", start);
    await sleep(SETTLE_MS);
    const seen = a1.seen.slice(start);
    assert.equal(seen.some(isAnswer(uplink.namespace_ipv4)), false);
    assert.deepEqual(
      seen.filter(({ ip }) => ip !== undefined).map(({ ip }) => ip),
      [],
    );
  });

  test("lets no guest see IPv6 or another stray ether type", () => {
    const types = [lab.a1, lab.a2, lab.b1].flatMap(({ seen }) => seen.map(({ type }) => type));
    assert.deepEqual(
      [...new Set(types)].filter((type) => type !== ETHERTYPE.arp && type !== ETHERTYPE.ipv4),
      [],
    );
  });
});
