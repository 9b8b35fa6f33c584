import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceReport } from "../../protocol/status.ts";
import { gatewayFailure } from "./gateway-failure.ts";

const unit = (facts: Partial<ServiceReport>): ServiceReport => ({
  name: "openclaw-gateway.service",
  active_state: "activating",
  sub_state: "auto-restart",
  result: "exit-code",
  main_pid: 412,
  restarts: 1,
  exit_status: 1,
  ...facts,
});

// As OpenClaw 2026.9.6 printed them.
const HEARTBEAT =
  '{"level":"error","message":"Gateway failed to start: OpenClaw startup migrations did not complete cleanly; refusing to report the gateway ready.\\n- Agent database maintenance deferred: … | state lease heartbeat did not become ready (phase=startup, trigger=timeout, elapsedMs=5002, timeoutMs=5000, startupPhase=entry-not-observed)"}';
const INVALID =
  '{"level":"error","message":"Gateway failed to start: Invalid config at /etc/mvm-config/openclaw.json:\\nopenclaw.json:1 — gateway: Unrecognized key"}';
const NO_SECRET =
  '{"level":"error","message":"Gateway failed to start: Startup failed: required secrets are unavailable.."}';

const cases: readonly [name: string, facts: Partial<ServiceReport>, lines: readonly string[], code: string | null][] = [
  ["starting for the first time", { active_state: "active", restarts: 0 }, ["starting..."], null],
  [
    "the heartbeat, which ends with the exit status of a bad configuration",
    { exit_status: 78 },
    [HEARTBEAT],
    "openclaw.heartbeat-start",
  ],
  [
    "the heartbeat of the last start is still the reason while the next one runs",
    { active_state: "active", result: "success" },
    [HEARTBEAT, "starting..."],
    "openclaw.heartbeat-start",
  ],
  [
    "a bad configuration",
    { active_state: "failed", restarts: 0, exit_status: 78 },
    [INVALID],
    "openclaw.config-invalid",
  ],
  ["no token on the secrets drive", {}, [NO_SECRET], "openclaw.secret-missing"],
  ["exit 78 without a known line", { exit_status: 78 }, ["?"], "openclaw.config-or-state"],
  ["killed for memory", { result: "oom-kill" }, [], "openclaw.out-of-memory"],
  ["a loop", { restarts: 3 }, ["?"], "openclaw.crash-loop"],
  ["one unexplained end", {}, ["?"], "openclaw.ended"],
];
for (const [name, facts, lines, code] of cases) {
  test(`gateway failure: ${name}`, () => {
    const failure = gatewayFailure(unit(facts), lines);
    assert.equal(failure?.code ?? null, code);
    if (failure !== null) assert.equal(failure.count, unit(facts).restarts);
  });
}
