import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandRunner, Files } from "@mvm/core";
import { isNamespaceName, isTableName, isUplinkName } from "./network-names.ts";
import { observeLeftovers, observeOwnInterfaces, type NetworkHost } from "./network-observation.ts";
import { createNetworkTools } from "./network-tools.ts";

const names = ["mvm-1", "mvmu12", "mvm_host", "mvmqs-1", "mvmqsu1", "mvmqs_host", "mvmqs2-1", "mvmqs2u1", "mvm-acme"];
const forms = { isNamespaceName, isUplinkName, isTableName };
const rows = [
  { prefix: "mvm", isNamespaceName: ["mvm-1"], isUplinkName: ["mvmu12"], isTableName: ["mvm_host"] },
  { prefix: "mvmqs", isNamespaceName: ["mvmqs-1"], isUplinkName: ["mvmqsu1"], isTableName: ["mvmqs_host"] },
] as const;

for (const { prefix, ...expected } of rows) {
  test(`the prefix ${prefix} is not the beginning of another`, () => {
    for (const form of ["isNamespaceName", "isUplinkName", "isTableName"] as const)
      assert.deepEqual(
        names.filter((name) => forms[form](prefix, name)),
        expected[form],
      );
  });

  test(`what is seen of ${prefix} on a host is its own`, async () => {
    const commands: CommandRunner = {
      run: () => Promise.resolve({ code: 0, stdout: "table inet mvm_host\ntable inet mvmqs_host\n", stderr: "" }),
    };
    const files = { list: () => Promise.resolve(names) } as Partial<Files> as Files;
    const tools = createNetworkTools({ commands, files, runtimeDir: "/run/mvm/networks" });
    const host: NetworkHost = {
      tools,
      files,
      namePrefix: prefix,
      owner: "/var/lib/mvm",
      runtimeDir: "/run/mvm/networks",
    };
    assert.deepEqual(await observeOwnInterfaces(host), expected.isUplinkName);
    assert.deepEqual(await observeLeftovers(host, prefix), [
      ...expected.isNamespaceName.map((name) => `namespace ${name}`),
      ...expected.isUplinkName.map((name) => `interface ${name}`),
      `table inet ${prefix}_host`,
    ]);
  });
}
