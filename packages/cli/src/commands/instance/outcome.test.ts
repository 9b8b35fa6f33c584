import assert from "node:assert/strict";
import test from "node:test";
import type { InstanceView } from "@mvm/core";
import { instanceStatus, instanceView } from "@mvm/testing";
import { type Goal, heedSilence, openOf, outcomeOf } from "./outcome.ts";

const guest = instanceStatus().guest;
const condition = {
  code: "MVM_VM_BOOT_HUNG",
  severity: "failure" as const,
  message: "no byte in 10 s",
  remedy: "r",
  since: "2026-11-21T12:00:00.000Z",
  attempts: 2,
  retry_at: "2026-11-21T12:00:30.000Z",
};
const refusal = {
  rule: "required drive",
  code: "MVM_SECRET_MISSING",
  message: "secret 'model.key' is not set",
  remedy: "Set it.",
};

const cases: readonly { name: string; goal: Goal; view: Partial<InstanceView>; kind: string; what: string }[] = [
  { name: "ready", goal: "running", view: {}, kind: "done", what: "is ready" },
  {
    name: "not seen yet, though it looks ready",
    goal: "running",
    view: { observed: false },
    kind: "waiting",
    what: "waits for node node-1 to see the change",
  },
  {
    name: "never reported",
    goal: "running",
    view: { status: null },
    kind: "waiting",
    what: "waits for node node-1 to report",
  },
  {
    name: "starting",
    goal: "running",
    view: { status: instanceStatus({ state: "starting", guest: null }) },
    kind: "waiting",
    what: "is starting",
  },
  {
    name: "waiting for another",
    goal: "running",
    view: { status: instanceStatus({ state: "stopped", guest: null, waiting_for: "acme-gw-0 to be ready" }) },
    kind: "waiting",
    what: "is stopped: waits for acme-gw-0 to be ready",
  },
  {
    name: "running but not ready",
    goal: "running",
    view: {
      status: instanceStatus({ guest: guest && { ...guest, ready: false, reason: "unit openclaw is activating" } }),
    },
    kind: "waiting",
    what: "is running: unit openclaw is activating",
  },
  {
    name: "failed, tried again",
    goal: "running",
    view: { status: instanceStatus({ state: "stopped", condition }) },
    kind: "waiting",
    what: "is stopped: no byte in 10 s (attempt 2, again at 12:00:30 UTC)",
  },
  {
    name: "failed for good",
    goal: "running",
    view: { status: instanceStatus({ state: "stopped", condition: { ...condition, retry_at: null } }) },
    kind: "failed",
    what: "failed: no byte in 10 s",
  },
  {
    name: "refused",
    goal: "running",
    view: { status: instanceStatus({ state: "stopped", refusal }) },
    kind: "failed",
    what: "was refused by rule 'required drive': secret 'model.key' is not set",
  },
  {
    name: "stopped",
    goal: "stopped",
    view: { status: instanceStatus({ state: "stopped", guest: null }) },
    kind: "done",
    what: "is stopped",
  },
  { name: "still running", goal: "stopped", view: {}, kind: "waiting", what: "is running" },
  {
    name: "stopping",
    goal: "stopped",
    view: { status: instanceStatus({ state: "stopping", guest: null }) },
    kind: "waiting",
    what: "is stopping",
  },
];

for (const { name, goal, view, kind, what } of cases) {
  test(`${goal}: ${name}`, () => {
    const outcome = outcomeOf(instanceView(view), goal);
    assert.deepEqual([outcome.kind, outcome.what], [kind, what]);
  });
}

test("what waits for something else to happen first is told from what is at work", () => {
  const behind = (change: Parameters<typeof instanceStatus>[0]): unknown => {
    const outcome = outcomeOf(instanceView({ status: instanceStatus({ guest: null, ...change }) }), "running");
    return outcome.kind === "waiting" && outcome.isBehind;
  };
  const waiting_for = "acme-gw-0 to be ready";
  assert.equal(behind({ state: "stopped", waiting_for }), true);
  assert.equal(behind({ state: "stopped", waiting_for, condition }), false);
  assert.equal(behind({ state: "starting", waiting_for }), false);
});

test("after a failure nobody waits for what waits for something else", () => {
  const judged = (change: Parameters<typeof instanceStatus>[0]) => ({
    outcome: outcomeOf(instanceView({ status: instanceStatus({ guest: null, ...change }) }), "running"),
  });
  const behind = judged({ state: "stopped", waiting_for: "acme-gw-0 to be ready" });
  const starting = judged({ state: "starting" });
  const failed = judged({ state: "stopped", condition: { ...condition, retry_at: null } });
  assert.deepEqual(openOf([behind, starting]), [behind, starting]);
  assert.deepEqual(openOf([behind, starting, failed]), [starting]);
  assert.deepEqual(openOf([behind, failed]), []);
});

test("a refusal keeps its rule, code and remedy; the code decides the exit", () => {
  const outcome = outcomeOf(instanceView({ status: instanceStatus({ refusal }) }), "running");
  assert.ok(outcome.kind === "failed");
  assert.equal(outcome.error.code, "MVM_SECRET_MISSING");
  assert.equal(outcome.error.message, "acme-gw-0 was refused by rule 'required drive': secret 'model.key' is not set");
  assert.equal(outcome.error.remedy, "Set it.");
  assert.deepEqual(outcome.error.details, {
    instance: "acme-gw-0",
    rule: "required drive",
    code: "MVM_SECRET_MISSING",
  });
});

test("a refusal of a newer version is a refusal all the same", () => {
  const outcome = outcomeOf(
    instanceView({ status: instanceStatus({ refusal: { ...refusal, code: "MVM_NOT_YET_KNOWN" } }) }),
    "running",
  );
  assert.ok(outcome.kind === "failed");
  assert.equal(outcome.error.code, "MVM_API_REFUSED");
});

test("of a node that has stopped reporting that is said, unless the outcome is known", () => {
  const reportedAt = Date.parse(instanceView().reported_at ?? "");
  const view = instanceView({ status: instanceStatus({ guest: null }) });
  const outcome = outcomeOf(view, "running");
  assert.equal(heedSilence({ view, outcome }, reportedAt + 20_000), outcome);
  assert.deepEqual(heedSilence({ view, outcome }, reportedAt + 40_000), {
    kind: "waiting",
    isBehind: false,
    what: "waits for node node-1, whose agent does not report: does it run?",
  });
  const done = outcomeOf(instanceView(), "running");
  assert.equal(heedSilence({ view: instanceView(), outcome: done }, reportedAt + 40_000), done);
});
