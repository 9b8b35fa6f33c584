/** Boots that go wrong, and VMs that die: what is tried again, when, and what is told of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

describe("boots that go wrong", () => {
  it("tries a boot that hung once more and counts it", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["hang"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.converged());
    const { state, boot, condition } = node.instance(SINGLE);
    assert.deepEqual(
      { state, condition, hung: boot.hung_boots, attempts: boot.attempts },
      { state: "running", condition: null, hung: 1, attempts: 2 },
    );
  });

  it("goes back, says why and when it tries again, and then does", async () => {
    const node = new FakeNode();
    const id = SINGLE;
    node.machine.boots.set(SINGLE, ["hang", "hang", "silent"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(id).condition !== null && node.instance(id).state === "stopped"));
    const { condition, waiting_for } = node.instance(id);
    assert.equal(condition?.code, "MVM_VM_BOOT_HUNG");
    assert.ok((condition.retry_at ?? "") > node.agent.status().reported_at);
    await node.until(() => node.instance(id).waiting_for !== null);
    assert.match(node.instance(id).waiting_for ?? waiting_for ?? "", /^the next try at 2026-/);
    assert.ok(await node.until(() => node.isReady(id)), "it comes up in the end");
    assert.equal(node.instance(id).boot.hung_boots, 3);
    assert.ok(await node.until(() => node.instance(id).condition === null), "what failed is over");
    assert.deepEqual(node.problems(), []);
  });

  it("counts the launches of the newest start, and hung boots for life", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["hang"]);
    node.startAgent();
    for (const [index, wanted] of (["running", "stopped", "running"] as const).entries()) {
      node.takeSpec(singlePoolSpec({ wanted: [wanted] }, index + 1));
      assert.ok(await node.converged());
    }
    const { attempts, hung_boots } = node.instance(SINGLE).boot;
    assert.deepEqual({ attempts, hung_boots }, { attempts: 1, hung_boots: 1 });
  });

  it("notices at once that a VM died while it booted", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["die"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(SINGLE).condition?.code === "MVM_VM_DRIVER", 10_000));
    assert.ok(await node.converged());
  });

  it("starts again what died by itself, after a pause", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    const before = node.instance(SINGLE).pid;
    const [vm] = node.machine.vms.values();
    assert.ok(vm);
    node.machine.endVm(vm.handle.process);
    assert.ok(await node.until(() => node.stateOf(SINGLE) === "stopped"));
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    assert.notEqual(node.instance(SINGLE).pid, before);
    assert.ok(
      node
        .journal()
        .auditOf(vm.handle.id, 10)
        .some(({ event, cause }) => event === "instance.vm.lost" && cause === "recovery"),
    );
    assert.deepEqual(node.problems(), []);
  });
});
