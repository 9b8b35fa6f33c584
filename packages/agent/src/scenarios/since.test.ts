/** Since when an instance is in its state, and ready: the same at each report, also by the next agent. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeNode, singlePoolSpec, testNodeSpec } from "@mvm/testing";

const MINUTE_MS = 60_000;
const SINGLE = "acme-vm-0";

describe("the times in status", () => {
  it("count an instance that never started from when it came, not from the agent's start", async () => {
    const node = await FakeNode.started(testNodeSpec({ tenants: {} }));
    await node.until(() => false, 54 * MINUTE_MS);
    const cameAt = new Date(node.machine.clock.nowMs()).toISOString();
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.until(() => node.agent.status().observed_generation === 2));
    await node.until(() => false, MINUTE_MS);
    assert.equal(node.instance(SINGLE).entered_at, cameAt);

    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 3));
    await node.stopAgent();
    node.startAgent();
    assert.ok(await node.converged());
    assert.equal(node.instance(SINGLE).entered_at, cameAt);
  });

  it("count ready from when the guest was, not from when it ran", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    const { entered_at: runs, ready_since: since } = node.instance(SINGLE);
    assert.ok(since !== null && since > runs, `ready since ${since}, running since ${runs}`);
    await node.until(() => false, 20 * MINUTE_MS);
    assert.equal(node.instance(SINGLE).ready_since, since);

    await node.stopAgent();
    node.startAgent();
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    const { ready_since: still } = node.instance(SINGLE);
    assert.ok(still !== null && Math.abs(Date.parse(still) - Date.parse(since)) < 1000, still ?? "not told");
  });

  it("tell no time of readiness of what is not ready", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.equal(node.instance(SINGLE).ready_since, null);
  });
});
