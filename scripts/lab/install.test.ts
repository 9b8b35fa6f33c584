import assert from "node:assert/strict";
import { test } from "node:test";

import { installSteps } from "./install.ts";

const configOf = (hasFirecracker: boolean): string =>
  installSteps({ hasFirecracker }).find(({ command }) => command.includes("mvm.toml"))?.input ?? "";

test("the host is in mode production where Firecracker is, and nowhere else", () => {
  assert.match(configOf(true), /^mode = "production"\nfirecracker_dir = "\/opt\/firecracker"$/m);
  assert.match(configOf(true), /^accept_firecracker = \["1\.17\.0-dev"\]$/m);
  assert.match(configOf(false), /^mode = "development"$/m);
});

test("mvm is installed by its own command, and started by the commands that this one names", () => {
  const commands = installSteps({ hasFirecracker: false }).map(({ command }) => command);
  const units = commands.findIndex((command) => command.startsWith("mvm node units --write"));
  assert.ok(units > commands.indexOf("mvm config validate"));
  assert.match(commands.at(-1) ?? "", /^sh -ex /);
  assert.ok(!commands.some((command) => command.includes("payload/firecracker")));
});
