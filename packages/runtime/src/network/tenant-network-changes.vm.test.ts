/**
 * Packets while a tenant network changes: policies narrowed and widened, rules that the kernel
 * refuses, rules that somebody flushed.
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
  OUTSIDE_RANGE,
  SETTLE_MS,
  TENANT_A,
  TENANT_B,
  TEST_NAME_PREFIX,
  arrives,
  datagram,
  hostConnects,
  hostReaches,
  isSilent,
  listenOnHost,
  newTag,
  openTwoTenants,
  requires,
  sawTag,
  syn,
  type HostListeners,
  type Tagged,
  type TwoTenants,
} from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createTenantNetworks } from "./linux-tenant-networks.ts";
import { hostTable, namespacePath } from "./network-names.ts";
import type { TenantNetworks } from "./tenant-network.ts";

const TIMEOUT_MS = 10_000;
const HOST_PORT = 28_790;
const { uplink: uplinkA } = TENANT_A.network;
const { uplink: uplinkB } = TENANT_B.network;

describe("changes of tenant networks", { skip: await requires("root", "qemu", "network") }, () => {
  const commands = createLinuxCommands();
  let runtimeDir: string;
  let networks: TenantNetworks;
  let lab: TwoTenants;
  let services: HostListeners;

  before(async () => {
    runtimeDir = await mkdtemp(join(tmpdir(), "mvm-changes-"));
    networks = createTenantNetworks({
      namePrefix: TEST_NAME_PREFIX,
      owner: runtimeDir,
      runtimeDir,
      commands,
      files: nodeFiles,
    });
    lab = await openTwoTenants({ networks, commands });
    services = await listenOnHost(HOST_PORT);
  });

  after(async () => {
    services.close();
    await lab.close();
    await rm(runtimeDir, { recursive: true });
  });

  const output = async (...argv: [string, ...string[]]): Promise<string> =>
    (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;
  const insideA = (...argv: [string, ...string[]]): Promise<string> =>
    output("nsenter", `--net=${namespacePath(TENANT_A.network.namespace)}`, ...argv);
  const restore = async (): Promise<void> => {
    for (const { network, ports } of [TENANT_A, TENANT_B]) await networks.ensureNetwork(network, ports);
  };
  /** A datagram of a1 to the outside. */
  const outwards =
    (port: number): Tagged =>
    (tag) =>
      lab.a1.viaGateway(datagram(lab.a1.ip, ALLOWED.ip, port)(tag));

  describe("another policy", () => {
    test("cuts connections that it no longer allows", async (context) => {
      context.after(restore);
      const { a1 } = lab;
      const socket = await hostConnects(a1, INGRESS_PORT);
      context.after(() => socket.destroy());
      const [first, second, third] = [newTag(), newTag(), newTag()];
      socket.write(first);
      await a1.waitFor(({ bytes }) => bytes.includes(first), first);
      await networks.ensureNetwork(TENANT_A.network, TENANT_A.ports);
      socket.write(second);
      await a1.waitFor(({ bytes }) => bytes.includes(second), second);

      const closed = TENANT_A.ports.map((port) => ({ ...port, ingressPorts: [] }));
      await networks.ensureNetwork(TENANT_A.network, closed);
      socket.write(third);
      await hostReaches(lab.b1, INGRESS_PORT);
      await sleep(SETTLE_MS);
      assert.equal(sawTag(a1, third), false);
    });

    test("opens and closes destinations, and their routes with them", async (context) => {
      context.after(restore);
      const { a1, outside } = lab;
      const allow = [{ cidr: ALLOWED.ip, port: 5353, protocol: "udp" as const }];
      await networks.ensureNetwork({ ...TENANT_A.network, egress: { policy: "allow-list", allow } }, TENANT_A.ports);
      const newArrives = (): Promise<void> => arrives(a1, outside, outwards(5353));
      await isSilent(outside, { from: a1, frame: outwards(ALLOWED.udpPort), control: newArrives });
      assert.equal((await insideA("ip", "route")).includes(OUTSIDE_RANGE), false);

      await networks.ensureNetwork({ ...TENANT_A.network, egress: { policy: "deny" } }, TENANT_A.ports);
      const ingressWorks = (): Promise<void> => hostReaches(a1, INGRESS_PORT);
      await isSilent(outside, { from: a1, frame: outwards(5353), control: ingressWorks });
      assert.doesNotMatch(await insideA("ip", "route"), /via|prohibit/);
    });

    test("that the kernel refuses leaves everything as it was", async () => {
      const rules = await insideA("nft", "list", "ruleset");
      const broken = TENANT_A.ports.map((port) => ({ ...port, ingressPorts: [99_999] }));
      await assert.rejects(networks.ensureNetwork(TENANT_A.network, broken), {
        code: "MVM_NET_APPLY_FAILED",
        message: /^nft refused ".*99999/,
      });
      assert.equal(await insideA("nft", "list", "ruleset"), rules);
    });
  });

  test("a port that the spec no longer holds is mute, although its tap is still up", async (context) => {
    context.after(restore);
    const { a1, a2 } = lab;
    const west: Tagged = (tag) => a2.direct(a1.mac, datagram(a2.ip, a1.ip, 9)(tag));
    await networks.ensureNetwork(TENANT_A.network, TENANT_A.ports.slice(0, 1));
    await isSilent(a1, { from: a2, frame: west, control: () => hostReaches(a1, INGRESS_PORT) });
    await networks.ensureNetwork(TENANT_A.network, TENANT_A.ports);
    await arrives(a2, a1, west);
  });

  test("a network without uplink has none, and gets it back", async (context) => {
    context.after(restore);
    await networks.ensureNetwork({ ...TENANT_B.network, uplink: null }, TENANT_B.ports);
    assert.equal((await output("ip", "-brief", "link")).includes(uplinkB.host_interface), false);
    assert.equal((await output("nft", "list", "ruleset")).includes(uplinkB.host_interface), false);
    await networks.ensureNetwork(TENANT_B.network, TENANT_B.ports);
    await hostReaches(lab.b1, INGRESS_PORT);
  });

  describe("flushed rules", () => {
    /** Nothing of a1 reaches B, nor the host at any address. */
    async function assertClosed(): Promise<void> {
      const { a1, b1 } = lab;
      const [start, heardStart] = [a1.seen.length, services.heard.length];
      const control = (): Promise<void> => hostReaches(b1, INGRESS_PORT);
      for (const packet of [
        syn(a1.ip, b1.ip, INGRESS_PORT),
        datagram(a1.ip, b1.ip, 9),
        syn(uplinkB.host_ipv4, b1.ip, INGRESS_PORT),
      ]) {
        await isSilent(b1, { from: a1, frame: (tag) => a1.viaGateway(packet(tag)), control });
      }
      for (const ip of [uplinkA.host_ipv4, uplinkB.host_ipv4, HOST_OUTSIDE_IP]) {
        a1.send(a1.viaGateway(datagram(a1.ip, ip, HOST_PORT)(newTag())));
        a1.send(a1.viaGateway(syn(a1.ip, ip, HOST_PORT)(newTag())));
      }
      await hostReaches(a1, INGRESS_PORT);
      await sleep(SETTLE_MS);
      assert.deepEqual(services.heard.slice(heardStart), []);
      const isAnswer = ({ ip }: (typeof a1.seen)[number]): boolean =>
        ip?.protocol === 6 && ip.payload.readUInt16BE(0) === HOST_PORT;
      assert.equal(a1.seen.slice(start).some(isAnswer), false);
    }

    test("on the host let nothing pass between tenants, to the host or in from outside", async (context) => {
      context.after(restore);
      // As `nft flush ruleset` would, without touching other tables of this machine.
      await output("nft", "delete", "table", "inet", hostTable(TEST_NAME_PREFIX));
      await assertClosed();
      const { a1, outside } = lab;
      const control = (): Promise<void> => hostReaches(a1, INGRESS_PORT);
      for (const from of [outside.ip, uplinkA.host_ipv4]) {
        const frame: Tagged = (tag) => outside.viaGateway(syn(from, a1.ip, INGRESS_PORT)(tag));
        await isSilent(a1, { from: outside, frame, control });
      }
    });

    test("inside a tenant let nothing pass between tenants, to the host or out beyond the policy", async (context) => {
      context.after(restore);
      await insideA("nft", "flush", "ruleset");
      await assertClosed();
      const { a1, outside } = lab;
      const allowedArrives = (): Promise<void> => arrives(a1, outside, outwards(ALLOWED.udpPort));
      await isSilent(outside, { from: a1, frame: outwards(54), control: allowedArrives });
    });
  });
});
