/**
 * Who reaches whom beyond a tenant's own bridge: the other tenant, the host, the outside. Every
 * denied packet is looked for at its victim, after a like packet arrived where it may.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeFiles } from "@mvm/core";
import {
  ALLOWED,
  HOST_OUTSIDE_IP,
  INGRESS_PORT,
  OUTSIDE_IPS,
  SETTLE_MS,
  TENANT_A,
  TENANT_B,
  TEST_NAME_PREFIX,
  arrives,
  datagram,
  echoRequest,
  hostIsRefused,
  hostReaches,
  isSilent,
  listenOnHost,
  newTag,
  openTwoTenants,
  requires,
  sawTag,
  syn,
  udp,
  type HostListeners,
  type RawGuest,
  type Tagged,
  type TwoTenants,
} from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createTenantNetworks } from "./linux-tenant-networks.ts";
import { namespacePath } from "./network-names.ts";

const HOST_PORT = 28_789;
/** A port at which A's egress list names the range that holds the host's own address. */
const LISTED_PORT = 8443;
const TIMEOUT_MS = 10_000;
const ICMP = 1;
const TCP = 6;
const DESTINATION_UNREACHABLE = 3;
const REFUSAL_INTERVAL_MS = 1_100;

const { uplink: uplinkA } = TENANT_A.network;
const { uplink: uplinkB } = TENANT_B.network;

describe("isolation of tenants", { skip: await requires("root", "qemu", "network") }, () => {
  const commands = createLinuxCommands();
  let runtimeDir: string;
  let lab: TwoTenants;
  let services: HostListeners;
  let listedService: HostListeners;

  before(async () => {
    runtimeDir = await mkdtemp(join(tmpdir(), "mvm-isolation-"));
    const networks = createTenantNetworks({
      namePrefix: TEST_NAME_PREFIX,
      owner: runtimeDir,
      runtimeDir,
      commands,
      files: nodeFiles,
    });
    lab = await openTwoTenants({ networks, commands });
    services = await listenOnHost(HOST_PORT);
    listedService = await listenOnHost(LISTED_PORT);
  });

  after(async () => {
    services.close();
    listedService.close();
    await lab.close();
    await rm(runtimeDir, { recursive: true });
  });

  /** The control of whatever A may not send out: what it may send does get out. */
  const egressArrives = (): Promise<void> => {
    const { a1, outside } = lab;
    return arrives(a1, outside, (tag) => a1.viaGateway(datagram(a1.ip, ALLOWED.ip, ALLOWED.udpPort)(tag)));
  };

  describe("between tenants", () => {
    const packets: Readonly<Record<string, (from: string, to: string) => Tagged>> = {
      UDP: (from, to) => datagram(from, to, 9),
      TCP: (from, to) => syn(from, to, 22),
      "TCP to the ingress port, although A's egress list names it": (from, to) => syn(from, to, INGRESS_PORT),
      ICMP: (from, to) => (tag) => echoRequest(from, to, tag),
      "UDP with B's neighbour as source": (_, to) => datagram("10.213.2.11", to, 9),
      "TCP to the ingress port with B's uplink as source": (_, to) => syn(uplinkB.host_ipv4, to, INGRESS_PORT),
    };
    for (const [name, packet] of Object.entries(packets)) {
      test(`nothing of A arrives at B: ${name}`, async () => {
        const { a1, b1 } = lab;
        const control = (): Promise<void> => hostReaches(b1, INGRESS_PORT);
        const ways = [(bytes: Buffer) => a1.viaGateway(bytes), (bytes: Buffer) => a1.direct(b1.mac, bytes)];
        for (const way of ways) {
          await isSilent(b1, { from: a1, frame: (tag) => way(packet(a1.ip, b1.ip)(tag)), control });
        }
      });
    }
  });

  describe("the host", () => {
    test("reaches a guest's ingress port, and no other", async () => {
      const { a1, a2 } = lab;
      await hostReaches(a1, INGRESS_PORT);
      for (const [guest, port] of [
        [a1, 22],
        [a2, INGRESS_PORT],
      ] as const) {
        await hostIsRefused(guest, port);
        const isTo = ({ ip }: (typeof guest.seen)[number]): boolean =>
          ip?.from === uplinkA.host_ipv4 && ip.payload.readUInt16BE(2) === port;
        assert.equal(guest.seen.some(isTo), false);
      }
    });

    test("does so from its uplink address only", async () => {
      await hostReaches(lab.a1, INGRESS_PORT);
      await hostIsRefused(lab.a1, INGRESS_PORT, HOST_OUTSIDE_IP);
      assert.equal(
        lab.a1.seen.some(({ ip }) => ip?.from === HOST_OUTSIDE_IP),
        false,
      );
    });

    test("is out of reach for guests, at every address it has", async () => {
      const { a1, b1, outside } = lab;
      const guests = [a1, b1].map((guest) => ({ guest, start: guest.seen.length }));
      const start = services.heard.length;
      for (const ip of [uplinkA.host_ipv4, uplinkB.host_ipv4, HOST_OUTSIDE_IP, "127.0.0.1"]) {
        for (const { guest } of guests) {
          guest.send(guest.viaGateway(datagram(guest.ip, ip, HOST_PORT)(newTag())));
          guest.send(guest.viaGateway(syn(guest.ip, ip, HOST_PORT)(newTag())));
          guest.send(guest.viaGateway(echoRequest(guest.ip, ip, newTag())));
        }
      }
      // The same listeners do hear the outside.
      const control = newTag();
      outside.send(outside.viaGateway(datagram(outside.ip, HOST_OUTSIDE_IP, HOST_PORT)(control)));
      outside.send(outside.viaGateway(syn(outside.ip, HOST_OUTSIDE_IP, HOST_PORT)(newTag())));
      const isAnswer = ({ ip }: (typeof outside.seen)[number]): boolean =>
        ip?.protocol === TCP && ip.payload.readUInt16BE(0) === HOST_PORT;
      await outside.waitFor(isAnswer, "the host's SYN-ACK");
      await sleep(SETTLE_MS);
      assert.deepEqual(services.heard.slice(start), [control]);
      for (const { guest, start: guestStart } of guests) {
        const answers = guest.seen.slice(guestStart).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
        const isRefusal = ({ payload }: (typeof answers)[number]): boolean =>
          payload.readUInt8(0) === DESTINATION_UNREACHABLE;
        assert.deepEqual(
          answers.filter((answer) => !isRefusal(answer)),
          [],
        );
      }
    });

    test("is out of reach even where an egress list covers its address", async () => {
      const { a1, outside } = lab;
      const listed =
        (ip: string): Tagged =>
        (tag) =>
          a1.viaGateway(syn(a1.ip, ip, LISTED_PORT)(tag));
      a1.send(listed(HOST_OUTSIDE_IP)(newTag()));
      await arrives(a1, outside, listed(OUTSIDE_IPS[0]));
      await sleep(SETTLE_MS);
      assert.equal(
        a1.seen.some(({ ip }) => ip?.from === HOST_OUTSIDE_IP && ip.protocol === TCP),
        false,
      );
    });
  });

  describe("egress", () => {
    test("reaches what the list names, with the host's address, and answers come back", async () => {
      const { a1, outside } = lab;
      const question = newTag();
      a1.send(a1.viaGateway(datagram(a1.ip, ALLOWED.ip, ALLOWED.udpPort)(question)));
      const { ip } = await outside.waitFor(({ bytes }) => bytes.includes(question), question);
      assert.equal(ip?.from, HOST_OUTSIDE_IP);
      const toPort = ip.payload.readUInt16BE(0);
      const answer: Tagged = (tag) =>
        udp({ from: ALLOWED.ip, to: HOST_OUTSIDE_IP, fromPort: ALLOWED.udpPort, toPort }, tag);
      await arrives(outside, a1, (tag) => outside.viaGateway(answer(tag)));

      a1.send(a1.viaGateway(syn(a1.ip, ALLOWED.ip, ALLOWED.tcpPort)(newTag())));
      const isSynAck = (frame: (typeof a1.seen)[number]): boolean =>
        frame.ip?.from === ALLOWED.ip && frame.ip.protocol === TCP;
      await a1.waitFor(isSynAck, "the SYN-ACK from outside");
    });

    const denied: Readonly<Record<string, (lab: TwoTenants) => readonly [RawGuest, Tagged]>> = {
      "another UDP port": ({ a1 }) => [a1, datagram(a1.ip, ALLOWED.ip, 54)],
      "UDP to a TCP port": ({ a1 }) => [a1, datagram(a1.ip, ALLOWED.ip, ALLOWED.tcpPort)],
      "TCP to a UDP port": ({ a1 }) => [a1, syn(a1.ip, ALLOWED.ip, ALLOWED.udpPort)],
      "another address": ({ a1 }) => [a1, syn(a1.ip, OUTSIDE_IPS[1], ALLOWED.tcpPort)],
      ICMP: ({ a1 }) => [a1, (tag) => echoRequest(a1.ip, ALLOWED.ip, tag)],
      "TCP of a tenant without egress": ({ b1 }) => [b1, syn(b1.ip, ALLOWED.ip, ALLOWED.tcpPort)],
      "UDP of a tenant without egress": ({ b1 }) => [b1, datagram(b1.ip, ALLOWED.ip, ALLOWED.udpPort)],
    };
    for (const [name, cell] of Object.entries(denied)) {
      test(`reaches nothing else: ${name}`, () => {
        const [from, packet] = cell(lab);
        return isSilent(lab.outside, { from, frame: (tag) => from.viaGateway(packet(tag)), control: egressArrives });
      });
    }

    test("says to the guest what it does not let out", async () => {
      const { a1, b1 } = lab;
      for (const guest of [a1, b1]) {
        // The kernel limits its refusals by time and receiver: only the first of some are told.
        await sleep(REFUSAL_INTERVAL_MS);
        const start = guest.seen.length;
        guest.send(guest.viaGateway(syn(guest.ip, ALLOWED.ip, 54)(newTag())));
        const isRefusal = ({ ip }: (typeof guest.seen)[number]): boolean =>
          ip?.protocol === ICMP && ip.payload.readUInt8(0) === DESTINATION_UNREACHABLE;
        await guest.waitFor(isRefusal, "ICMP destination unreachable", start);
      }
    });

    test("never leaves for the metadata service's address, although the list names it", async () => {
      const table = `${TEST_NAME_PREFIX}_count`;
      const count = (match: string): string => `iifname ${uplinkA.host_interface} ip daddr ${match} counter`;
      const rules = [count("169.254.169.254"), count("!= 169.254.169.254")];
      const text = `add table ip ${table}; delete table ip ${table}; table ip ${table} { chain seen { type filter hook prerouting priority -500; ${rules.join("; ")}; }; }`;
      await commands.run({ argv: ["nft", text], timeoutMs: TIMEOUT_MS });
      lab.a1.send(lab.a1.viaGateway(syn(lab.a1.ip, "169.254.169.254", 80)(newTag())));
      await egressArrives();
      const { stdout } = await commands.run({ argv: ["nft", "list", "table", "ip", table], timeoutMs: TIMEOUT_MS });
      await commands.run({ argv: ["nft", "delete", "table", "ip", table], timeoutMs: TIMEOUT_MS });
      assert.deepEqual(
        [...stdout.matchAll(/packets (\d+)/g)].map((match) => match[1]),
        ["0", "1"],
      );
    });

    test("lets nothing new in from outside", async () => {
      const { a1, outside } = lab;
      for (const from of [outside.ip, uplinkA.host_ipv4]) {
        const frame: Tagged = (tag) => outside.viaGateway(syn(from, a1.ip, INGRESS_PORT)(tag));
        await isSilent(a1, { from: outside, frame, control: () => hostReaches(a1, INGRESS_PORT) });
      }
    });

    test("does not make a router of the host for others", async () => {
      const { outside } = lab;
      const frame: Tagged = (tag) => outside.viaGateway(datagram(OUTSIDE_IPS[0], OUTSIDE_IPS[1], 9)(tag));
      await isSilent(outside, { from: outside, frame, control: egressArrives });
    });
  });

  test("a process in the tenant's namespace, such as an escaped VMM, sends nothing to anybody", async () => {
    const { a1, outside } = lab;
    const tag = newTag();
    const start = services.heard.length;
    const targets = [
      [a1.ip, 9],
      [ALLOWED.ip, ALLOWED.udpPort],
      [uplinkA.host_ipv4, HOST_PORT],
    ];
    const script = `
      const socket = require("node:dgram").createSocket("udp4");
      socket.on("error", () => {});
      for (const [ip, port] of ${JSON.stringify(targets)}) socket.send("${tag}", port, ip);
      setTimeout(() => socket.close(), 50);`;
    const netns = `--net=${namespacePath(TENANT_A.network.namespace)}`;
    await commands.run({ argv: ["nsenter", netns, process.execPath, "-e", script], timeoutMs: TIMEOUT_MS });
    await egressArrives();
    await hostReaches(a1, INGRESS_PORT);
    await sleep(SETTLE_MS);
    assert.deepEqual([sawTag(a1, tag), sawTag(outside, tag), services.heard.slice(start)], [false, false, []]);
  });
});
