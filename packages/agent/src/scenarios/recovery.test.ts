/** The death of the agent and of the machine: VMs are adopted, boots go on, data is there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec, testNodeSpec, testPair } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

for (const dataDrive of ["luks-file", "block-device"] as const) {
  describe(`an agent that dies, and a machine that does, with ${dataDrive} volumes`, () => {
    it("adopts every VM and stops none, without a coordinator", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }), { dataDrive });
      const pids = [...node.machine.vms.keys()];
      node.kill();
      node.startAgent();
      assert.ok(await node.until(() => node.agent.status().instances.every(({ guest }) => guest?.ready === true)));
      assert.deepEqual([...node.machine.vms.keys()], pids);
      assert.equal(node.agent.status().observed_generation, 1);
      assert.deepEqual(node.problems(), []);
    });

    it("stops no VM when it is ended in order, and begins nothing anew", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }), { dataDrive });
      await node.stopAgent();
      assert.equal(node.machine.vms.size, 2);
      node.startAgent();
      assert.ok(await node.converged());
      assert.equal(node.log.filter(({ event }) => event === "vm.launched").length, 2);
    });

    it("goes on with a boot that was under way when it died", async () => {
      const node = new FakeNode({ dataDrive });
      node.startAgent();
      node.takeSpec(singlePoolSpec());
      assert.ok(
        await node.until(
          () =>
            [...node.machine.vms.values()].some(({ guest }) => guest !== null) &&
            node.journal().record(SINGLE)?.vm !== null,
        ),
      );
      const [pid] = node.machine.vms.keys();
      node.kill();
      node.startAgent();
      assert.ok(await node.converged());
      assert.deepEqual([...node.machine.vms.keys()], [pid], "it is the same VM");
      assert.deepEqual(node.problems(), []);
    });

    it("asks every guest to stop when the host goes down, waits for none for ever, and starts them all after it", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }), { dataDrive });
      const [stubborn, other] = node.agent.status().instances.map(({ instance_id: id }) => id);
      assert.ok(stubborn !== undefined && other !== undefined);
      node.machine.stubborn.add(stubborn);
      await node.during(node.agent.close({ isHostEnding: true }));
      assert.deepEqual(
        [...node.machine.vms.values()].map(({ handle }) => handle.id),
        [stubborn],
        "nothing kills it but the host",
      );
      assert.deepEqual(node.logged("guest.shutdown.late"), [stubborn]);
      node.kill();
      node.machine.stubborn.clear();
      await node.machine.reboot(node.settings.runtimeDir);
      node.startAgent();
      assert.ok(await node.converged());
      assert.ok(await node.until(() => node.isReady(stubborn) && node.isReady(other)));
      assert.deepEqual(node.problems(), []);
    });

    it("brings everything back after a reboot, with its data", async () => {
      const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }), { dataDrive });
      node.kill();
      await node.machine.reboot(node.settings.runtimeDir);
      node.startAgent();
      assert.ok(
        await node.until(() =>
          node.agent.status().instances.every(({ guest, state }) => state === "running" && guest?.ready === true),
        ),
      );
      assert.ok(node.agent.status().instances.every(({ guest }) => guest?.data_drive === "mounted"));
      assert.deepEqual(node.problems(), []);
    });

    it("applies the rules of running tenants anew after a restart and after a change", async () => {
      const node = await FakeNode.started(singlePoolSpec(), { dataDrive });
      node.kill();
      node.startAgent();
      assert.ok(await node.converged());
      assert.equal(node.logged("network.applied").length, 1);
      const changed = singlePoolSpec({}, 2);
      const [tenant] = changed.tenants;
      assert.ok(tenant);
      tenant.network.egress = {
        policy: "allow-list",
        allow: [{ cidr: "203.0.113.7", port: 443, protocol: "tcp" }],
      };
      node.takeSpec(changed);
      assert.ok(await node.converged());
      assert.equal(node.logged("network.applied").length, 2);
    });
  });
}
