/**
 * What is somebody else's on a real host is left alone: a network that another installation with the
 * same prefix made, and a range that the host has a route to.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeFiles } from "@mvm/core";
import { INGRESS_PORT, TEST_NAME_PREFIX, requires, testNetwork, testPort } from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createTenantNetworks } from "./linux-tenant-networks.ts";
import { namespacePath } from "./network-names.ts";
import type { TenantNetworks } from "./tenant-network.ts";

const TIMEOUT_MS = 10_000;
const LAN = "mvmtl1";
const commands = createLinuxCommands();
const network = testNetwork(4, { policy: "deny" });
const port = testPort(4, 10, [INGRESS_PORT]);
const { namespace, uplink } = network;

const output = async (...argv: [string, ...string[]]): Promise<string> =>
  (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;

describe("networks that are not ours to take", { skip: await requires("root", "network") }, () => {
  let base: string;
  let first: TenantNetworks;
  let second: TenantNetworks;
  const installation = (name: string): TenantNetworks =>
    createTenantNetworks({
      namePrefix: TEST_NAME_PREFIX,
      owner: join(base, name),
      runtimeDir: join(base, name, "run"),
      commands,
      files: nodeFiles,
    });

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "mvm-claims-"));
    first = installation("first of two");
    second = installation("second");
  });

  after(async () => {
    await first.removeNetwork(network);
    await second.removeNetwork(network);
    const left = await first.leftovers(TEST_NAME_PREFIX);
    await rm(base, { recursive: true });
    assert.deepEqual(left, []);
  });

  test("another installation neither takes nor removes a network, nor what is in it", async () => {
    await first.ensureNetwork(network, [port]);
    await first.ensureTap(network, port);
    const inside = async (): Promise<string> =>
      (await output("ip", "-netns", namespace, "link", "show")) +
      (await output("ip", "-netns", namespace, "tuntap", "list"));
    const untouched = await inside();
    assert.match(untouched, new RegExp(` user ${port.ownerUid}`));
    const refused = { code: "MVM_NET_PREFIX_TAKEN", message: new RegExp(`${base}/first`) };
    const other = { ...port, ownerUid: port.ownerUid + 1 };
    await assert.rejects(second.ensureNetwork(network, [other]), refused);
    await assert.rejects(second.ensureTap(network, other), refused);
    await second.removeTap(network, port.instance.tap);
    await second.removeNetwork(network);
    assert.equal(await inside(), untouched);
    assert.match(await output("ip", "route", "show", "dev", uplink.host_interface), /10\.213\.4\.0\/24/);

    await first.ensureNetwork(network, [port]);
    await first.removeNetwork(network);
    await second.ensureNetwork(network, [port]);
    await second.removeNetwork(network);
  });

  describe("a range that the host has a route to", () => {
    before(() => output("ip", "tuntap", "add", "dev", LAN, "mode", "tap"));
    after(() => output("ip", "link", "delete", "dev", LAN));

    test("is refused before anything is made, and the route stays", async () => {
      await output("ip", "address", "add", "10.213.4.77/24", "dev", LAN);
      await output("ip", "link", "set", "dev", LAN, "up");
      const routes = await output("ip", "-4", "route", "show", "table", "all");
      await assert.rejects(first.ensureNetwork(network, [port]), {
        code: "MVM_NET_OVERLAP",
        message: new RegExp(`10\\.213\\.4\\.0/24 .*${LAN}`),
        remedy: /cluster_cidr/,
      });
      assert.equal(await output("ip", "-4", "route", "show", "table", "all"), routes);
      assert.equal(existsSync(namespacePath(namespace)), false);

      await output("ip", "address", "flush", "dev", LAN);
      await first.ensureNetwork(network, [port]);
    });

    test("does not keep the rules of a network that is there from being put back", async () => {
      await first.ensureNetwork(network, [port]);
      await output("nsenter", `--net=${namespacePath(namespace)}`, "nft", "flush", "ruleset");
      await output("ip", "address", "add", "10.213.4.77/32", "dev", LAN);
      await first.ensureNetwork(network, [port]);
      const rules = await output("nsenter", `--net=${namespacePath(namespace)}`, "nft", "list", "ruleset");
      assert.match(rules, /table bridge /);
    });
  });
});
