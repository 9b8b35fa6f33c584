/** Starts that can't succeed: not repeated, told as such, and made anew when the spec or a person asks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");
const HOUR_MS = 3_600_000;

async function unconfined(): Promise<FakeNode> {
  const node = new FakeNode();
  node.machine.boots.set(SINGLE, ["unconfined"]);
  node.startAgent();
  node.takeSpec(singlePoolSpec());
  assert.ok(await node.until(() => node.stateOf(SINGLE) === "stopped" && node.instance(SINGLE).condition !== null));
  return node;
}

describe("a start that can't succeed", () => {
  it("is made once, and status says that it is not tried again", async () => {
    const node = await unconfined();
    await node.until(() => false, HOUR_MS);
    const { condition, waiting_for } = node.instance(SINGLE);
    assert.deepEqual([condition?.code, condition?.retry_at, condition?.attempts], ["MVM_VM_CONFINEMENT", null, 1]);
    assert.equal(condition?.severity, "alarm");
    assert.deepEqual(node.agent.status().alarms, [{ instance_id: SINGLE, condition }]);
    assert.match(waiting_for ?? "", /^a change of the spec or a manual start: /);
    assert.equal(node.agent.status().converged, false);
    assert.equal(node.log.filter(({ event }) => event === "operation.turned-back").length, 1);
    assert.deepEqual(node.problems(), []);
  });

  it("stays so when the agent is started anew", async () => {
    const node = await unconfined();
    node.kill();
    node.startAgent();
    await node.until(() => false, HOUR_MS);
    assert.equal(node.instance(SINGLE).condition?.retry_at, null);
    assert.equal(node.log.filter(({ event }) => event === "operation.turned-back").length, 1);
  });

  it("is made anew for another generation of the spec, and what failed is over at once", async () => {
    const node = await unconfined();
    node.takeSpec(singlePoolSpec({}, 2));
    assert.ok(await node.until(() => node.agent.status().observed_generation === 2));
    assert.notEqual(node.instance(SINGLE).condition?.retry_at, null, "it is not told as final while it is tried");
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    assert.ok(await node.until(() => node.instance(SINGLE).condition === null));
    assert.deepEqual(node.agent.status().alarms, []);
  });

  it("is no trouble of an instance that is to be stopped", async () => {
    const node = await unconfined();
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.equal(node.instance(SINGLE).condition, null);
    assert.equal(node.agent.status().alarms.length, 1, "but the node's alarm stands: the host is not mended by a wish");
  });
});
