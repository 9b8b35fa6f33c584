import assert from "node:assert/strict";
import test from "node:test";
import { instanceStatus, instanceView } from "@mvm/testing";
import { bootMs, noteOf, sinceMs, stateWord } from "./instance-words.ts";

test("one word for a state: ready is more than running, unreported is no state", () => {
  assert.equal(stateWord(instanceView()), "ready");
  assert.equal(stateWord(instanceView({ status: instanceStatus({ guest: null }) })), "running");
  assert.equal(stateWord(instanceView({ status: instanceStatus({ state: "stopping" }) })), "stopping");
  assert.equal(stateWord(instanceView({ status: null })), "unreported");
});

test("nothing is said of an instance that is as it should be", () => assert.equal(noteOf(instanceView()), ""));

test("a connector that is off says what it misses", () => {
  const { guest } = instanceStatus();
  const connectors = [
    { name: "telegram", enabled: false, missing: ["telegram.token"] },
    { name: "whatsapp", enabled: true, missing: [] },
  ];
  assert.equal(
    noteOf(instanceView({ status: instanceStatus({ guest: guest && { ...guest, connectors } }) })),
    "telegram is off: telegram.token missing",
  );
});

test("a hold says by whom and until when", () => {
  const hold = {
    kind: "hard" as const,
    wanted: "stopped" as const,
    until: "2026-11-21T13:00:00.000Z",
    by: "eve",
    since: "2026-11-21T12:00:00.000Z",
  };
  assert.equal(noteOf(instanceView({ hold })), "held stopped by eve until 2026-11-21T13:00:00.000Z");
  assert.equal(noteOf(instanceView({ hold: { ...hold, until: null } })), "held stopped by eve");
});

test("since when, and how long the boot took", () => {
  assert.equal(sinceMs(instanceView(), 5), Date.parse("2026-11-21T12:00:00.000Z"));
  assert.equal(sinceMs(instanceView({ status: null }), 5), 5);
  assert.equal(bootMs(instanceView()), 9100);
  assert.equal(
    bootMs(
      instanceView({ status: instanceStatus({ boot: { attempts: 1, hung_boots: 0, hello_ms: 7, ready_ms: null } }) }),
    ),
    7,
  );
  assert.equal(bootMs(instanceView({ status: null })), null);
});
