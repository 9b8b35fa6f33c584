/** What the audit tells of an instance beside its changes of state: each step once, with who ordered it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, type AuditEntry } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

function story(node: FakeNode): readonly AuditEntry[] {
  return node.journal().auditOf(SINGLE, 100).toReversed();
}

function events(node: FakeNode): readonly string[] {
  return story(node).map(({ event }) => event);
}

describe("the audit of an instance", () => {
  it("tells when its guest became ready, once a boot", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    await node.until(() => false, 60_000);
    assert.deepEqual(events(node), ["instance.start", "instance.start.done", "instance.ready"]);
    const ready = story(node).at(-1);
    assert.deepEqual([ready?.from, ready?.to, ready?.revision], ["running", "running", "0000000000000001"]);
    assert.match(ready?.detail ?? "", /ready \d+ ms after its launch/);
    assert.deepEqual(node.problems(), []);
  });

  it("tells why a start was turned back", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["die"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    const turned = story(node)[1];
    assert.equal(turned?.event, "instance.start.turned-back");
    assert.match(turned.detail, /ended while it booted/);
    assert.deepEqual(events(node).slice(0, 3), [
      "instance.start",
      "instance.start.turned-back",
      "instance.start.failed",
    ]);
    assert.deepEqual(node.problems(), []);
  });

  it("tells of a VM that was not confined by code and broken promise, as the log does", async () => {
    const node = new FakeNode();
    node.machine.boots.set(SINGLE, ["unconfined"]);
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => events(node).includes("instance.start.failed")));
    assert.deepEqual(
      story(node).map(({ event, detail }) => [event, detail]),
      [
        ["instance.start", story(node)[0]?.detail],
        ["instance.start.turned-back", "MVM_VM_CONFINEMENT: acme-vm-0 would have capabilities"],
        ["instance.start.failed", "MVM_VM_CONFINEMENT: acme-vm-0 would have capabilities"],
      ],
    );
    const alarms = node.log.filter(({ event }) => event === "vm.confinement.broken");
    assert.deepEqual(
      alarms.map(({ level, fields }) => [level, fields["instance"], fields["code"], fields["broken"]]),
      [["error", SINGLE, "MVM_VM_CONFINEMENT", ["it has no capabilities"]]],
    );
  });

  it("tells once that a stop is postponed, however often it is tried", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.process.failCalls({ call: 1, lasting: true, when: "before" });
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    await node.until(() => false, 120_000);
    node.process.failCalls(null);
    assert.ok(await node.converged());
    assert.equal(events(node).filter((event) => event === "instance.stop.postponed").length, 1);
    assert.ok(node.log.filter(({ event }) => event === "operation.step.failed").length > 1);
    assert.deepEqual(node.problems(), []);
  });

  it("tells a refusal once, and again when its reason is another one", async () => {
    const node = new FakeNode();
    node.machine.corruptedRevisions.add("0000000000000001");
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    await node.until(() => false, 600_000);
    node.machine.corruptedRevisions.clear();
    node.machine.missingKeys.add("acme");
    await node.until(() => false, 600_000);
    assert.deepEqual(
      story(node).map(({ event, detail }) => [event, detail.split(":")[0]]),
      [
        ["instance.refused", "MVM_IMAGE_CORRUPTED"],
        ["instance.refused", "MVM_KEY_MISSING"],
      ],
    );
    node.machine.missingKeys.clear();
    assert.ok(await node.converged());
    assert.deepEqual(node.problems(), []);
  });

  it("tells that a start was ended early, and who ordered it", async () => {
    const node = new FakeNode();
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.stateOf(SINGLE) === "starting"));
    node.takeSpec(singlePoolSpec({ hold: { kind: "hard", wanted: "stopped", until: null } }, 2));
    assert.ok(await node.converged());
    const ended = story(node).filter(({ event }) => event === "instance.start.interrupted");
    assert.deepEqual(
      ended.map(({ cause, claimed_by, generation, to }) => ({ cause, claimed_by, generation, to })),
      [{ cause: "manual", claimed_by: "root", generation: 2, to: "starting" }],
    );
    assert.deepEqual(node.problems(), []);
  });
});
