import assert from "node:assert/strict";
import test from "node:test";
import { instanceStatus, instanceView } from "@mvm/testing";
import { bootMs, noteOf, sinceMs, stateSince, stateWord } from "./instance-words.ts";

test("one word for a state: ready is more than running, unreported is no state", () => {
  assert.equal(stateWord(instanceView()), "ready");
  assert.equal(stateWord(instanceView({ status: instanceStatus({ guest: null }) })), "running");
  assert.equal(stateWord(instanceView({ status: instanceStatus({ state: "stopping" }) })), "stopping");
  assert.equal(stateWord(instanceView({ status: null })), "unreported");
});

const NOW = Date.parse("2026-11-21T12:30:00.000Z");

test("nothing is said of an instance that is as it should be", () => assert.equal(noteOf(instanceView(), NOW), ""));

test("a connector that the tenant configured and that is off says what it misses, no other", () => {
  const { guest } = instanceStatus();
  const reported = [
    { name: "telegram", enabled: false, missing: ["telegram.token"] },
    { name: "whatsapp", enabled: false, missing: ["connectors.whatsapp in the fleet file"] },
  ];
  const status = instanceStatus({ guest: guest && { ...guest, connectors: reported } });
  assert.equal(
    noteOf(instanceView({ connectors: ["telegram"], status }), NOW),
    "telegram is off: telegram.token missing",
  );
  assert.equal(noteOf(instanceView({ status }), NOW), "");
});

test("an alarm is called so, with its code, whatever else is to be said", () => {
  const condition = {
    code: "MVM_VM_CONFINEMENT",
    severity: "alarm" as const,
    message: "the VMM's process is not confined: it is not so that it has no capabilities (ff)",
    remedy: "See the details.",
    since: "2026-11-21T12:00:00.000Z",
    attempts: 1,
    retry_at: null,
  };
  const refusal = { rule: "safety", code: "MVM_HOST_DISK_FULL", message: "full", remedy: "Make room." };
  assert.equal(
    noteOf(instanceView({ status: instanceStatus({ condition, refusal }) }), NOW),
    "alarm: MVM_VM_CONFINEMENT: the VMM's process is not confined: it is not so that it has no capabilities (ff) (attempt 1, not tried again by itself)",
  );
});

test("a hold says by whom, for how long and until when", () => {
  const hold = {
    kind: "hard" as const,
    wanted: "stopped" as const,
    until: "2026-11-21T13:00:00.000Z",
    by: "eve",
    since: "2026-11-21T12:00:00.000Z",
  };
  assert.equal(noteOf(instanceView({ hold }), NOW), "held stopped by eve for 30 min, until 13:00 UTC");
  assert.equal(
    noteOf(instanceView({ hold: { ...hold, until: null } }), NOW),
    "held stopped by eve until it is released",
  );
});

test("since when, and how long the boot took", () => {
  assert.equal(sinceMs(instanceView(), 5), Date.parse("2026-11-21T12:00:00.000Z"));
  assert.equal(sinceMs(instanceView({ status: null }), 5), 5);
  const readySince = "2026-11-21T12:03:00.000Z";
  const ready = instanceView({ status: instanceStatus({ ready_since: readySince }) });
  assert.equal(stateSince(ready), readySince, "not since it runs");
  assert.equal(stateSince(instanceView()), "2026-11-21T12:00:00.000Z", "of an agent that does not tell more");
  assert.equal(bootMs(instanceView()), 9100);
  assert.equal(
    bootMs(
      instanceView({ status: instanceStatus({ boot: { attempts: 1, hung_boots: 0, hello_ms: 7, ready_ms: null } }) }),
    ),
    7,
  );
  assert.equal(bootMs(instanceView({ status: null })), null);
});
