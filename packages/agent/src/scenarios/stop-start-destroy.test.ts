/** What an operator asks of one instance: stop, start, destroy, and to think better of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec, testNodeSpec, testPair } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

for (const dataDrive of ["luks-file", "block-device"] as const) {
  describe(`manual stop, start and destroy, with ${dataDrive} volumes`, () => {
    it("stops and starts again with the same data", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      assert.equal(node.machine.devices.size, dataDrive === "block-device" ? 1 : 0);
      node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
      assert.ok(await node.converged());
      assert.equal(node.stateOf(SINGLE), "stopped");
      assert.equal(node.machine.vms.size, 0);
      assert.equal(node.machine.devices.size, 0);
      assert.deepEqual(node.machine.namespaces.size, 0);

      node.takeSpec(singlePoolSpec({ wanted: ["running"] }, 3));
      assert.ok(await node.until(() => node.instance(SINGLE).guest?.data_drive === "mounted"));
      assert.deepEqual(node.problems(), []);
    });

    it("stops workers before their gateway", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }), { dataDrive });
      node.takeSpec(
        testNodeSpec({
          generation: 2,
          tenants: { acme: testPair({ gw: { wanted: ["stopped"] }, wk: { wanted: ["stopped"] } }) },
        }),
      );
      assert.ok(await node.converged());
      const stopped = node
        .journal()
        .auditAfter(null, 0, 100)
        .concat(node.journal().auditOf(node.instance("acme-gw-0").instance_id, 100));
      const gatewayStop = stopped.find(({ event }) => event === "instance.stop");
      const workerDone = node
        .journal()
        .auditOf(node.instance("acme-wk-0").instance_id, 100)
        .find(({ event }) => event === "instance.stop.done");
      assert.ok(gatewayStop !== undefined && workerDone !== undefined && workerDone.sequence < gatewayStop.sequence);
    });

    it("asks the guest to stop by itself, also when the agent ends meanwhile", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
      assert.ok(await node.until(() => node.stateOf(SINGLE) === "stopping"));
      await node.stopAgent();
      node.startAgent();
      assert.ok(await node.converged());
      assert.equal(node.stateOf(SINGLE), "stopped");
      assert.deepEqual(node.machine.kills, []);
    });

    it("kills a guest that does not stop by itself", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      node.machine.stubborn.add(node.instance(SINGLE).instance_id);
      node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
      assert.ok(await node.converged());
      assert.equal(node.machine.vms.size, 0);
      assert.deepEqual(node.machine.kills, [SINGLE]);
      assert.deepEqual(node.logged("guest.shutdown.late"), [SINGLE]);
    });

    it("leaves nothing of a destroyed instance, and forgets it when the spec does", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      const id = node.instance(SINGLE).instance_id;
      node.takeSpec(singlePoolSpec({ wanted: ["destroyed"] }, 2));
      assert.ok(await node.converged());
      assert.equal(node.stateOf(SINGLE), "destroyed");
      assert.deepEqual(node.machine.leftoversOf(id), []);
      assert.deepEqual(node.agent.status().tenants, []);

      node.takeSpec(testNodeSpec({ generation: 3, tenants: {} }));
      assert.ok(await node.until(() => node.agent.status().instances.length === 0));
      assert.deepEqual(node.problems(), []);
    });

    it("destroys an instance that was never started", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: { vm: { wanted: ["destroyed"] } } } }), {
        dataDrive,
      });
      assert.equal(node.stateOf(SINGLE), "destroyed");
    });

    it("makes a new instance under the name of a destroyed one when the volume is a new one", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      node.takeSpec(singlePoolSpec({ wanted: ["destroyed"] }, 2));
      assert.ok(await node.converged());
      node.takeSpec(
        testNodeSpec({ generation: 3, volumes: "new", tenants: { acme: { vm: { wanted: ["running"] } } } }),
      );
      assert.ok(await node.until(() => node.instance(SINGLE).guest?.data_drive === "formatted"));
      assert.deepEqual(node.problems(), []);
    });

    it("lets a stop end a start that is under way", async () => {
      const node = new FakeNode({ dataDrive });
      node.startAgent();
      node.takeSpec(singlePoolSpec());
      assert.ok(await node.until(() => node.machine.vms.size === 1));
      node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
      const before = node.machine.clock.monotonicMs();
      assert.ok(await node.until(() => node.stateOf(SINGLE) === "stopped" && node.agent.status().converged));
      assert.ok(node.machine.clock.monotonicMs() - before < 5_000, "it does not wait for the boot");
      assert.equal(node.machine.vms.size, 0);
      assert.deepEqual(node.problems(), []);
    });
  });
}
