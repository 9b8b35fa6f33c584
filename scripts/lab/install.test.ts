import assert from "node:assert/strict";
import { test } from "node:test";

import { installSteps } from "./install.ts";
import { sshArgv } from "./lab-shell.ts";

const configOf = (hasFirecracker: boolean): string =>
  installSteps({ hasFirecracker }).find(({ command }) => command.includes("mvm.toml"))?.input ?? "";

test("the host is in mode production where Firecracker is, and nowhere else", () => {
  assert.match(configOf(true), /^mode = "production"\nfirecracker_dir = "\/opt\/firecracker"$/m);
  assert.match(configOf(false), /^mode = "development"$/m);
});

test("mvm is installed by its own command, and started by the commands that this one names", () => {
  const commands = installSteps({ hasFirecracker: false }).map(({ command }) => command);
  const units = commands.findIndex((command) => command.startsWith("mvm node units --write"));
  assert.ok(units > commands.indexOf("mvm config validate"));
  assert.match(commands.at(-1) ?? "", /^sh -ex /);
  assert.ok(!commands.some((command) => command.includes("payload/firecracker")));
});

test("the lab host is entered with the keys made for it, and nothing of the user's own configuration", () => {
  const argv = sshArgv({ sshPort: 2222, clientKeyPath: "/lab/key", knownHostsPath: "/lab/known" }, "true");
  assert.deepEqual(argv.slice(0, 3), ["ssh", "-F", "none"]);
  assert.ok(argv.includes("StrictHostKeyChecking=yes") && argv.includes("UserKnownHostsFile=/lab/known"));
  assert.deepEqual(argv.slice(-2), ["root@127.0.0.1", "true"]);
});
