/** What the spec changes under a running instance, and what it leaves alone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec, testNodeSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

describe("what the spec changes under a running instance", () => {
  it("restarts it for another revision, one instance of a pool after the other", async () => {
    const node = await FakeNode.started(
      testNodeSpec({ tenants: { acme: { vm: { wanted: ["running", "running"] } } } }),
    );
    await node.until(() => node.agent.status().instances.every(({ guest }) => guest?.ready === true));
    node.takeSpec(singlePoolSpec({ wanted: ["running", "running"], revision: "0000000000000002" }, 2));
    let fewest = 2;
    assert.ok(
      await node.until(() => {
        fewest = Math.min(fewest, node.agent.status().instances.filter(({ state }) => state === "running").length);
        return (
          node.agent.status().converged &&
          node.agent.status().instances.every(({ revision }) => revision === "0000000000000002")
        );
      }),
    );
    assert.equal(fewest, 1);
    assert.deepEqual(node.problems(), []);
  });

  it("leaves a held instance alone until the hold ends", async () => {
    const hold = { kind: "soft", wanted: "running", until: "2026-01-01T00:05:00Z" } as const;
    const node = await FakeNode.started(singlePoolSpec());
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"], hold }, 2));
    assert.ok(await node.converged());
    assert.equal(node.stateOf(SINGLE), "running");
    assert.ok(await node.until(() => node.stateOf(SINGLE) === "stopped"));
    assert.ok(node.machine.clock.nowMs() >= Date.parse(hold.until));
  });

  it("reports what the spec names no more, and does not touch it", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.takeSpec(testNodeSpec({ generation: 2, tenants: {} }));
    assert.ok(await node.converged());
    assert.equal(node.stateOf(SINGLE), "running");
    assert.equal(node.machine.vms.size, 1);
  });
});
