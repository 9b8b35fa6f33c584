import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { INSTALLED, installSteps } from "./install.ts";

const example = readFileSync(join(import.meta.dirname, "../../examples/production/mvm.toml"), "utf8");
const configOf = (hasFirecracker: boolean): string =>
  installSteps({ example, hasFirecracker }).find(({ command }) => command.includes("mvm.toml"))?.input ?? "";

test("the host is in mode production where Firecracker is, and nowhere else", () => {
  assert.match(configOf(true), /^mode = "production"$/m);
  assert.match(configOf(true), /^accept_firecracker = \["1\.17\.0-dev"\]$/m);
  assert.match(configOf(false), /^mode = "development"$/m);
});

test("its configuration is the example's, with the lab's places", () => {
  const config = configOf(true);
  for (const place of [INSTALLED.firecracker, INSTALLED.images, `${INSTALLED.root}/microvms/roles/*.toml`])
    assert.ok(config.includes(`"${place}"`), place);
  assert.match(config, /^include = \["[^"]*\/probe\.toml", "\/opt\/mvm\//m);
  assert.throws(() => installSteps({ example: "", hasFirecracker: true }), /has no line 'name = "node-1"'/);
});

test("mvm is installed by its own command, and started by the commands that this one names", () => {
  const commands = installSteps({ example, hasFirecracker: false }).map(({ command }) => command);
  const units = commands.findIndex((command) => command.startsWith("mvm node units --write"));
  assert.ok(units > commands.indexOf("mvm config validate"));
  assert.match(commands.at(-1) ?? "", /^sh -ex /);
  assert.ok(!commands.some((command) => command.includes("payload/firecracker")));
});
