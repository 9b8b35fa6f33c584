/** A data volume that is to hold more while its instance runs: who grows it, when, and what is told of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

async function readyNode(): Promise<FakeNode> {
  const node = await FakeNode.started(singlePoolSpec());
  assert.ok(await node.until(() => node.isReady(SINGLE)));
  return node;
}

function growthsTold(node: FakeNode): readonly string[] {
  const entries = node.journal().auditOf(SINGLE, 100).toReversed();
  return entries.flatMap(({ event, detail }) => (event.startsWith("instance.grow") ? [`${event}: ${detail}`] : []));
}

function dataMibOf(node: FakeNode): number | undefined {
  return node.journal().record(SINGLE)?.made_from.resources.data_mib;
}

describe("a data volume that is to hold more", () => {
  it("grows under its guest, which runs on; the audit tells the old and the new size", async () => {
    const node = await readyNode();
    const pid = node.instance(SINGLE).pid;
    node.takeSpec(singlePoolSpec({ dataMib: 128 }, 2));
    assert.ok(await node.until(() => node.agent.status().converged && dataMibOf(node) === 128));
    assert.equal(node.instance(SINGLE).pid, pid);
    assert.equal(node.instance(SINGLE).data_mib, 128);
    assert.equal(node.volumeOf(SINGLE).fileSystemMib, 128);
    assert.deepEqual(growthsTold(node), [
      "instance.grow: data volume 64 → 128 MiB",
      "instance.grow.done: data volume 64 → 128 MiB",
    ]);
    assert.deepEqual(node.problems(), []);
  });

  it("is left alone by a spec that says less, and by a hold until that ends", async () => {
    const node = await readyNode();
    node.takeSpec(singlePoolSpec({ dataMib: 32 }, 2));
    assert.ok(await node.converged());
    const until = "2026-01-01T00:05:00Z";
    const hold = { kind: "soft", wanted: "running", until } as const;
    node.takeSpec(singlePoolSpec({ dataMib: 128, hold }, 3));
    assert.ok(await node.until(() => node.instance(SINGLE).waiting_for !== null));
    assert.equal(node.instance(SINGLE).waiting_for, "data volume 64 → 128 MiB, put off by the hold");
    assert.ok(node.agent.status().converged, "nothing is wrong while it is put off");
    assert.deepEqual(growthsTold(node), []);
    assert.ok(await node.until(() => dataMibOf(node) === 128));
    assert.ok(node.machine.clock.nowMs() >= Date.parse(until));
    assert.deepEqual(node.problems(), []);
  });

  it("comes with the restart where there is one to come", async () => {
    const node = await readyNode();
    node.takeSpec(singlePoolSpec({ dataMib: 128, revision: "0000000000000002" }, 2));
    assert.ok(await node.until(() => node.instance(SINGLE).revision === "0000000000000002" && node.isReady(SINGLE)));
    assert.equal(node.volumeOf(SINGLE).fileSystemMib, 128);
    assert.deepEqual(growthsTold(node), []);
    assert.deepEqual(node.problems(), []);
  });

  it("tells of a guest that can't, tries again, and is helped by a restart", async () => {
    const node = await readyNode();
    node.machine.unableToGrow.add(SINGLE);
    node.takeSpec(singlePoolSpec({ dataMib: 128 }, 2));
    assert.ok(await node.until(() => (node.instance(SINGLE).condition?.attempts ?? 0) >= 3));
    assert.equal(node.instance(SINGLE).condition?.code, "MVM_GUEST_REFUSED");
    assert.match(node.instance(SINGLE).condition?.remedy ?? "", /mvm instance stop acme-vm-0/);
    assert.match(node.instance(SINGLE).waiting_for ?? "", /^the next try at .*refused data\.grow/);
    assert.equal(node.agent.status().converged, false);
    assert.equal(node.stateOf(SINGLE), "running");
    node.takeSpec(singlePoolSpec({ dataMib: 128, revision: "0000000000000002" }, 3));
    assert.ok(await node.until(() => node.isReady(SINGLE) && node.agent.status().converged));
    assert.equal(node.volumeOf(SINGLE).fileSystemMib, 128);
    assert.equal(node.instance(SINGLE).condition, null);
    assert.deepEqual(growthsTold(node), [
      "instance.grow: data volume 64 → 128 MiB",
      "instance.grow.postponed: MVM_GUEST_REFUSED: acme-vm-0 refused data.grow: no method data.grow",
    ]);
    assert.deepEqual(node.problems(), []);
  });

  it("waits for room on the host's disk, and grows when there is", async () => {
    const node = await readyNode();
    const { free } = node.machine.files;
    node.machine.files.free = 0;
    node.takeSpec(singlePoolSpec({ dataMib: 128 }, 2));
    assert.ok(await node.until(() => node.instance(SINGLE).condition?.code === "MVM_HOST_DISK_FULL"));
    assert.equal(node.volumeOf(SINGLE).sizeMib, 64);
    node.machine.files.free = free;
    assert.ok(await node.until(() => dataMibOf(node) === 128));
    assert.ok(await node.until(() => node.instance(SINGLE).condition === null));
    assert.deepEqual(node.problems(), []);
  });

  it("can be taken back while it has touched nothing, for what it holds or for another size", async () => {
    for (const [laterMib, told] of [
      [64, []],
      [128, ["instance.grow: data volume 64 → 128 MiB", "instance.grow.done: data volume 64 → 128 MiB"]],
    ] as const) {
      const node = await readyNode();
      node.takeSpec(singlePoolSpec({ dataMib: 4_000_000 }, 2));
      assert.ok(await node.until(() => (node.instance(SINGLE).condition?.attempts ?? 0) >= 3));
      assert.equal(node.instance(SINGLE).condition?.code, "MVM_HOST_DISK_FULL");
      assert.equal(node.instance(SINGLE).data_mib, 64);
      node.takeSpec(singlePoolSpec({ dataMib: laterMib }, 3));
      assert.ok(await node.until(() => node.agent.status().converged));
      assert.deepEqual([node.instance(SINGLE).condition, node.stateOf(SINGLE)], [null, "running"]);
      assert.equal(node.journal().operation(SINGLE), null);
      assert.deepEqual([node.instance(SINGLE).data_mib, node.volumeOf(SINGLE).fileSystemMib], [laterMib, laterMib]);
      const [begun, postponed, withdrawn, ...later] = growthsTold(node);
      assert.equal(begun, "instance.grow: data volume 64 → 4000000 MiB");
      assert.match(postponed ?? "", /^instance\.grow\.postponed: MVM_HOST_DISK_FULL: /);
      assert.equal(
        withdrawn,
        `instance.grow.withdrawn: data volume of 4000000 MiB not begun, the spec says ${laterMib} MiB`,
      );
      assert.deepEqual(later, told);
      const revision = "0000000000000002";
      node.takeSpec(singlePoolSpec({ dataMib: laterMib, revision }, 4));
      assert.ok(await node.until(() => node.instance(SINGLE).revision === revision && node.isReady(SINGLE)));
      assert.equal(node.volumeOf(SINGLE).fileSystemMib, laterMib);
      assert.deepEqual(node.problems(), []);
    }
  });

  it("goes on to its end once it has touched something, whatever the spec says by then", async () => {
    const node = await readyNode();
    node.machine.unableToGrow.add(SINGLE);
    node.takeSpec(singlePoolSpec({ dataMib: 128 }, 2));
    assert.ok(await node.until(() => node.instance(SINGLE).condition?.code === "MVM_GUEST_REFUSED"));
    node.takeSpec(singlePoolSpec({ dataMib: 64 }, 3));
    node.machine.unableToGrow.delete(SINGLE);
    assert.ok(await node.until(() => dataMibOf(node) === 128 && node.agent.status().converged));
    assert.equal(node.volumeOf(SINGLE).fileSystemMib, 128);
    assert.deepEqual(node.problems(), []);
  });

  it("does not keep its instance from being stopped or destroyed", async () => {
    for (const wanted of ["stopped", "destroyed"] as const) {
      const node = await readyNode();
      node.machine.unableToGrow.add(SINGLE);
      node.takeSpec(singlePoolSpec({ dataMib: 128 }, 2));
      assert.ok(await node.until(() => node.instance(SINGLE).condition !== null));
      node.takeSpec(singlePoolSpec({ dataMib: 128, wanted: [wanted] }, 3));
      assert.ok(await node.until(() => node.stateOf(SINGLE) === wanted && node.agent.status().converged));
      assert.equal(node.journal().operation(SINGLE), null);
      assert.deepEqual(node.problems(), []);
    }
  });
});
