import assert from "node:assert/strict";
import test from "node:test";
import { type InstanceView, InstanceId } from "@mvm/core";
import { capturedOutput, instanceStatus, instanceView } from "@mvm/testing";
import { outcomeOf } from "./outcome.ts";
import { openWaitBoard } from "./wait-board.ts";

const NOW_MS = Date.parse("2026-11-21T12:10:00.000Z");
const starting = instanceStatus({ state: "starting", guest: null });
const boot = { attempts: 1, hung_boots: 0, hello_ms: 40_000, ready_ms: 540_000 };

const watched = (view: InstanceView) => ({ id: view.instance_id, view, outcome: outcomeOf(view, "running") });
const worker = (status = starting) => instanceView({ instance_id: InstanceId.parse("acme-worker-0"), status });

function shown(...looks: readonly (readonly InstanceView[])[]): string {
  const output = capturedOutput({ terminal: { columns: 120, rows: 24 } });
  const board = openWaitBoard(output, { quiet: false, waitSinceMs: NOW_MS, totalSinceMs: NOW_MS - 120_000 });
  for (const views of looks) board.show(views.map(watched), [], NOW_MS);
  return output.text();
}

test("what became ready keeps how long it took; how many are ready stands below with the whole time", () => {
  const text = shown(
    [instanceView({ status: starting }), worker()],
    [instanceView({ status: instanceStatus({ boot }) }), worker()],
  );
  assert.match(text, /✓ acme-gw-0 {6}is ready after 9 min/);
  assert.match(text, /… acme-worker-0 {2}is starting \(10 min 0 s\)/);
  assert.match(text, / {2}1 of 2 instances ready \(2 min 0 s\)/);
});

test("what was ready before took no time, and one alone needs no total", () => {
  const text = shown([instanceView({ status: instanceStatus({ boot }) })]);
  assert.ok(text.includes("✓ acme-gw-0  is ready\u001b[K"), text);
  assert.doesNotMatch(text, /instances ready/);
});
