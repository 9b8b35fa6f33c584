import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandlerReport } from "../protocol/handler-report.ts";
import type { ServiceReport } from "../protocol/status.ts";
import { decideHealth, type HealthFacts } from "./health.ts";

const unit = (facts: Partial<ServiceReport> = {}): ServiceReport => ({
  name: "app.service",
  active_state: "active",
  sub_state: "running",
  result: "success",
  main_pid: 412,
  restarts: 0,
  exit_status: 0,
  ...facts,
});
const handler = (facts: Partial<HandlerReport> = {}): HandlerReport => ({
  name: "app",
  ready: true,
  reason: "takes connections",
  failure: null,
  needs: [],
  peers: [],
  active_work: null,
  ...facts,
});
const good: HealthFacts = {
  knowsItself: true,
  drives: { ok: true, secrets: true, config: true, data: "mounted" },
  services: [unit()],
  handlers: [handler()],
};
const looping = { code: "app.crash-loop", message: "it ended 4 times", count: 4 };

const cases: readonly [name: string, facts: Partial<HealthFacts>, ready: boolean, reason: RegExp, code?: string][] = [
  ["all is well", {}, true, /^takes connections$/],
  ["a minimal guest", { services: [], handlers: [] }, true, /^booted$/],
  ["the mount script still runs", { drives: null }, false, /not mounted yet/],
  [
    "a drive failed",
    { drives: { ok: false, drive: "data", reason: "another volume's data" } },
    false,
    /^data drive: another/,
    "drive-failed",
  ],
  ["the config drive is no good", { knowsItself: false, handlers: [] }, false, /instance\.json/, "config-invalid"],
  [
    "no config drive is no failure",
    { knowsItself: false, handlers: [], drives: { ok: true, secrets: false, config: false, data: "none" } },
    true,
    /booted/,
  ],
  [
    "a handler knows why its unit failed",
    {
      services: [unit({ active_state: "failed" })],
      handlers: [handler({ ready: false, reason: "it loops", failure: looping })],
    },
    false,
    /^it loops$/,
    "app.crash-loop",
  ],
  [
    "a unit failed and nobody knows why",
    { services: [unit({ active_state: "failed", result: "oom-kill" })], handlers: [] },
    false,
    /app\.service failed \(oom-kill/,
    "service-failed",
  ],
  [
    "a handler waits",
    {
      handlers: [handler({ ready: false, reason: "waits to be paired" })],
      services: [unit({ active_state: "inactive" })],
    },
    false,
    /waits to be paired/,
  ],
  [
    "a unit is starting",
    { services: [unit({ active_state: "activating", sub_state: "start" })] },
    false,
    /is activating/,
  ],
];

for (const [name, facts, ready, reason, code] of cases) {
  test(`health: ${name}`, () => {
    const health = decideHealth({ ...good, ...facts });
    assert.equal(health.ready, ready);
    assert.match(health.reason, reason);
    assert.equal(health.failure?.code, code);
  });
}
