/** What a node does with a spec that it sees for the first time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeNode, testNodeSpec, testPair, type TestWish } from "@mvm/testing";

describe("a node converges from nothing", () => {
  it("starts the gateway, waits until it is ready, then starts and pairs the worker", async () => {
    const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }));
    assert.deepEqual(node.logged("vm.launched"), ["acme-gw-0", "acme-wk-0"]);
    assert.ok(await node.until(() => node.isReady("acme-wk-0")), "the worker becomes ready");
    const gateway = node.instance("acme-gw-0");
    assert.equal(gateway.volume_generation, 1);
    assert.ok((gateway.boot.ready_ms ?? 0) >= (gateway.boot.hello_ms ?? Infinity));
    assert.deepEqual(node.logged("pairing.offered"), ["acme-wk-0"]);
    assert.deepEqual(node.problems(), []);
  });

  it("never logs what a pairing offer holds", async () => {
    const node = await FakeNode.started(testNodeSpec({ tenants: { acme: testPair() } }));
    await node.until(() => node.isReady("acme-wk-0"));
    assert.ok(!JSON.stringify(node.log).includes("offer-of-a-gateway"));
  });

  it("boots no more instances at a time than the node may", async () => {
    const node = new FakeNode({ settings: { parallelStarts: 2 } });
    node.startAgent();
    node.takeSpec(testNodeSpec({ tenants: { acme: { vm: { wanted: Array<TestWish>(6).fill("running") } } } }));
    let most = 0;
    await node.until(() => {
      most = Math.max(most, node.agent.status().instances.filter(({ state }) => state === "starting").length);
      return node.agent.status().converged;
    });
    assert.equal(most, 2);
    assert.equal(node.machine.vms.size, 6);
    assert.deepEqual(node.problems(), []);
  });

  it("gives every instance a uid of its own", async () => {
    const node = await FakeNode.started(
      testNodeSpec({
        tenants: { a: { vm: { wanted: ["running", "running"] } }, b: { vm: { wanted: ["running", "running"] } } },
      }),
      { settings: { parallelStarts: 4 } },
    );
    const uids = node.agent.status().instances.map(({ uid }) => uid);
    assert.equal(new Set(uids).size, 4);
  });
});
