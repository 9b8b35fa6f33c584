/** What a VM said last is there after its end, however it ended, until the next start or a destroy. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");
const PATH = "/run/mvm/outputs/acme-vm-0.guest-console";

async function keptBy(node: FakeNode): Promise<string | null> {
  return (await node.machine.files.read(PATH, 64 * 1024))?.toString() ?? null;
}

describe("the last output", () => {
  it("is kept for root alone when a VM is stopped, and goes with the next start", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    assert.equal(await keptBy(node), null);
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.match((await keptBy(node)) ?? "", /^console of acme-vm-0/);
    const facts = await node.machine.files.stat(PATH);
    assert.deepEqual([facts?.mode, facts?.uid], [0o600, 0]);

    node.takeSpec(singlePoolSpec({}, 3));
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    assert.equal(await keptBy(node), null);
  });

  it("is kept of a boot that was given up", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["silent"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(SINGLE).condition !== null && node.stateOf(SINGLE) === "stopped"));
    assert.match((await keptBy(node)) ?? "", /^console of acme-vm-0/);
  });

  it("stops no stop when it can't be written", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.machine.files.writeAtomic = () => Promise.reject(new Error("no space left on device"));
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.equal(node.stateOf(SINGLE), "stopped");
    assert.deepEqual(node.logged("vm.output.not-kept"), [SINGLE]);
  });

  it("goes with the instance", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.takeSpec(singlePoolSpec({ wanted: ["destroyed"] }, 2));
    assert.ok(await node.converged());
    assert.equal(await keptBy(node), null);
  });
});
