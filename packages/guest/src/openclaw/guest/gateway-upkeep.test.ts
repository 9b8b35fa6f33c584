import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLogger, nodeClock } from "@mvm/core";
import type { BoundedCommand } from "../../agent/ports.ts";
import type { ServiceReport } from "../../protocol/status.ts";
import { gatewayUpkeep } from "./gateway-upkeep.ts";

const HEARTBEAT =
  "Gateway failed to start: state lease heartbeat did not become ready (phase=startup, trigger=timeout)";
const INVALID = "Gateway failed to start: Invalid config at /etc/mvm-config/openclaw.json";

const running: ServiceReport = {
  name: "openclaw-gateway.service",
  active_state: "active",
  sub_state: "running",
  result: "success",
  main_pid: 500,
  restarts: 0,
  exit_status: 0,
};
const dead: ServiceReport = { ...running, active_state: "failed", result: "exit-code", main_pid: 0, exit_status: 78 };

/** A guest whose unit is as told, and whose journal holds one line; `commands` keeps what was run. */
function guest(line: string) {
  const state = { unit: dead, commands: [] as string[] };
  const entry = { __CURSOR: "s=1", __REALTIME_TIMESTAMP: "1", MESSAGE: line, PRIORITY: "6" };
  const upkeep = gatewayUpkeep({
    services: { read: async () => [state.unit] },
    log: jsonLogger(() => undefined, nodeClock),
    commands: {
      run: async ({ argv }: BoundedCommand) => {
        state.commands.push(argv.slice(0, 2).join(" "));
        return { code: 0, stdout: JSON.stringify(entry), stderr: "", truncated: false };
      },
    },
  });
  return { state, upkeep };
}

const starts = (commands: readonly string[]): number =>
  commands.filter((command) => command === "systemctl start").length;

test("a heartbeat that came too late is started again, and stays the reason until the gateway is up", async () => {
  const { state, upkeep } = guest(HEARTBEAT);
  assert.deepEqual(
    [(await upkeep())?.code, (await upkeep())?.count, starts(state.commands)],
    ["openclaw.heartbeat-start", 1, 1],
  );
  state.unit = running;
  assert.equal((await upkeep())?.code, "openclaw.heartbeat-start");
  state.unit = { ...dead, exit_status: 1 };
  assert.deepEqual([(await upkeep())?.count, starts(state.commands)], [2, 2]);
});

test("it is started again so often and no more", async () => {
  const { state, upkeep } = guest(HEARTBEAT);
  for (let pid = 1; pid <= 20; pid += 1) {
    state.unit = { ...dead, main_pid: pid };
    await upkeep();
  }
  assert.equal(starts(state.commands), 10);
});

test("a configuration that OpenClaw refuses is not tried again", async () => {
  const { state, upkeep } = guest(INVALID);
  assert.equal((await upkeep())?.code, "openclaw.config-invalid");
  assert.equal(starts(state.commands), 0);
});

test("the journal is read once for each outcome; a unit that runs is no failure", async () => {
  const { state, upkeep } = guest(INVALID);
  await upkeep();
  await upkeep();
  assert.deepEqual(state.commands, ["journalctl --output=json"]);
  const fresh = guest(INVALID);
  fresh.state.unit = running;
  assert.equal(await fresh.upkeep(), null);
  assert.deepEqual(fresh.state.commands, []);
});
