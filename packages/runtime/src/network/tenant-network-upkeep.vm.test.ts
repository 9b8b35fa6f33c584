/**
 * Making and removing tenant networks on a real host: taps, calls that were cut short at every
 * host command, and what is left afterwards, which is nothing.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeFiles, type CommandRunner } from "@mvm/core";
import {
  ALLOWED,
  INGRESS_PORT,
  OUTSIDE_TAP,
  TENANT_A,
  TENANT_B,
  TEST_NAME_PREFIX,
  openTwoTenants,
  requires,
  testNetwork,
  testPort,
  type TwoTenants,
} from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createTenantNetworks } from "./linux-tenant-networks.ts";
import { hostTable, namespacePath } from "./network-names.ts";
import type { TenantNetworks } from "./tenant-network.ts";

const TIMEOUT_MS = 10_000;
const commands = createLinuxCommands();
const network = testNetwork(3, {
  policy: "allow-list",
  allow: [{ cidr: ALLOWED.ip, port: 443, protocol: "tcp" }],
});
const port = testPort(3, 10, [INGRESS_PORT]);
const { namespace, uplink } = network;

const output = async (...argv: [string, ...string[]]): Promise<string> =>
  (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;
const inside = (...argv: [string, ...string[]]): Promise<string> =>
  output("nsenter", `--net=${namespacePath(namespace)}`, ...argv);
const hostTableText = (): Promise<string> => output("nft", "list", "table", "inet", hostTable(TEST_NAME_PREFIX));

/** The command runner, but its `failing`th call throws, before or after it had its effect. */
function failingCommands(failing: number, when: "before" | "after"): CommandRunner & { hasFailed(): boolean } {
  let calls = 0;
  return {
    async run(request) {
      calls += 1;
      if (calls !== failing) return commands.run(request);
      if (when === "after") await commands.run(request);
      throw new Error(`cut short at ${request.argv.slice(0, 4).join(" ")}`);
    },
    hasFailed: () => calls >= failing,
  };
}

/** All that the kernel holds of the network, as text that equals itself when nothing differs. */
async function stateOfNetwork(): Promise<string> {
  const parts = [
    await inside("nft", "list", "ruleset"),
    await output("ip", "-netns", namespace, "-brief", "address"),
    await output("ip", "-netns", namespace, "route"),
    await output("ip", "-brief", "-4", "address", "show", "dev", uplink.host_interface),
    await output("nft", "list", "chain", "inet", hostTable(TEST_NAME_PREFIX), `egress_${uplink.host_interface}`),
  ];
  return parts.join("\n").replaceAll(/@if\d+/g, "@peer");
}

/** Whatever link of the network is up, its rules are there. */
async function assertNothingUpWithoutRules(): Promise<void> {
  if ((await output("ip", "-brief", "link", "show", "up")).includes(uplink.host_interface)) {
    assert.ok((await hostTableText()).includes(uplink.host_interface));
  }
  if (!existsSync(namespacePath(namespace))) return;
  if ((await output("ip", "-netns", namespace, "-brief", "link", "show", "up")) === "") return;
  const rules = await inside("nft", "list", "ruleset");
  for (const family of ["netdev", "bridge", "inet"]) assert.match(rules, new RegExp(`table ${family} `));
}

describe("upkeep of tenant networks", { skip: await requires("root", "qemu", "network") }, () => {
  let runtimeDir: string;
  let networks: TenantNetworks;
  let lab: TwoTenants;
  const networksOver = (runner: CommandRunner): TenantNetworks =>
    createTenantNetworks({
      namePrefix: TEST_NAME_PREFIX,
      owner: runtimeDir,
      runtimeDir,
      commands: runner,
      files: nodeFiles,
    });

  before(async () => {
    runtimeDir = await mkdtemp(join(tmpdir(), "mvm-upkeep-"));
    networks = networksOver(commands);
    lab = await openTwoTenants({ networks, commands });
  });

  after(async () => {
    await networks.removeNetwork(network);
    await lab.close();
    const left = await networks.leftovers(TEST_NAME_PREFIX);
    await rm(runtimeDir, { recursive: true });
    assert.deepEqual(left, []);
  });

  describe("taps", () => {
    const tapIndex = async (): Promise<string> =>
      (await output("ip", "-netns", namespace, "-o", "link", "show", "dev", port.instance.tap)).split(":")[0] ?? "";

    test("are persistent, have one queue and their guest's uid as owner", async () => {
      await networks.ensureNetwork(network, [port]);
      await networks.ensureTap(network, port);
      const taps = await output("ip", "-netns", namespace, "tuntap", "list");
      assert.match(taps, new RegExp(`^${port.instance.tap}: tap .*persist.* user ${port.ownerUid}$`, "m"));
      assert.doesNotMatch(taps, /multi_queue/);
    });

    test("are kept when they are right, and made anew when the owner is another", async () => {
      const first = await tapIndex();
      await networks.ensureTap(network, port);
      assert.equal(await tapIndex(), first);
      await networks.ensureTap(network, { ...port, ownerUid: port.ownerUid + 1 });
      assert.notEqual(await tapIndex(), first);
    });

    test("are refused where the rules do not hold them", async () => {
      await assert.rejects(networks.ensureTap(network, testPort(3, 77, [])), {
        code: "MVM_NET_APPLY_FAILED",
        message: /the rules do not hold it/,
      });
      assert.doesNotMatch(await output("ip", "-netns", namespace, "link"), /tap77/);
    });

    test("are removed whole, also when they are gone already", async () => {
      await networks.removeTap(network, port.instance.tap);
      await networks.removeTap(network, port.instance.tap);
      assert.equal(await output("ip", "-netns", namespace, "tuntap", "list"), "");
      assert.doesNotMatch(await inside("nft", "list", "ruleset"), /at_tap/);
      await networks.removeNetwork(network);
      await networks.removeTap(network, port.instance.tap);
    });
  });

  describe("a call that was cut short", () => {
    const ensure = async (target: TenantNetworks): Promise<void> => {
      await target.ensureNetwork(network, [port]);
      await target.ensureTap(network, port);
    };
    const assertRemoved = async (): Promise<void> => {
      const left = await networks.leftovers(TEST_NAME_PREFIX);
      const isOfNetwork = (thing: string): boolean =>
        [namespace, uplink.host_interface].some((name) => thing.endsWith(` ${name}`));
      assert.deepEqual(left.filter(isOfNetwork), []);
      assert.equal((await hostTableText()).includes(uplink.host_interface), false);
    };

    for (const when of ["before", "after"] as const) {
      test(`${when} any host command opens nothing, and the next call completes it`, async () => {
        await ensure(networks);
        const whole = await stateOfNetwork();
        await networks.removeNetwork(network);
        for (let step = 1; ; step += 1) {
          const failing = failingCommands(step, when);
          const outcome = await ensure(networksOver(failing)).then(
            () => "done",
            () => "failed",
          );
          if (!failing.hasFailed()) break;
          assert.equal(outcome, "failed", `command ${step}`);
          await assertNothingUpWithoutRules();
          await ensure(networks);
          assert.equal(await stateOfNetwork(), whole, `after a failure at command ${step}`);
          await networks.removeNetwork(network);
        }
        await networks.removeNetwork(network);
        await assertRemoved();
      });

      test(`${when} any host command of a removal is removed by the next`, async () => {
        for (let step = 1; ; step += 1) {
          await ensure(networks);
          const failing = failingCommands(step, when);
          await networksOver(failing)
            .removeNetwork(network)
            .catch(() => undefined);
          await networks.removeNetwork(network);
          await assertRemoved();
          if (!failing.hasFailed()) break;
        }
      });
    }

    test("while the namespace was made is mended", async () => {
      await writeFile(namespacePath(namespace), "");
      await ensure(networks);
      await networks.removeNetwork(network);
      await assertRemoved();
    });
  });

  test("names that do not bear the prefix are refused before anything is touched", async () => {
    const foreign = { ...network, uplink: { ...uplink, host_interface: "eth0" } };
    const calls = [
      networks.ensureNetwork(foreign, []),
      networks.removeNetwork(foreign),
      networks.removeNetwork({ ...network, namespace: "other" }),
      networks.removeNetwork({ ...network, namespace: `${TEST_NAME_PREFIX}2-1` }),
    ];
    for (const call of calls) await assert.rejects(call, { code: "MVM_NET_APPLY_FAILED", message: /does not bear/ });
  });

  test("the last network takes the host's table and forwarding with it", async () => {
    const forwarding = async (): Promise<string> =>
      (await readFile(`/proc/sys/net/ipv4/conf/${OUTSIDE_TAP}/forwarding`, "utf8")).trim();
    assert.equal(await forwarding(), "1");
    await networks.removeNetwork(TENANT_A.network);
    assert.equal((await hostTableText()).includes(TENANT_A.network.uplink.host_interface), false);
    assert.equal((await hostTableText()).includes(TENANT_B.network.uplink.host_interface), true);
    await networks.removeNetwork(TENANT_B.network);
    assert.equal(await forwarding(), "0");
    assert.deepEqual(await networks.leftovers(TEST_NAME_PREFIX), []);
  });
});
