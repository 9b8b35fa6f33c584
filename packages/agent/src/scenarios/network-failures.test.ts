/** A network that can't be put in place: told in status, nothing new is started into it, and mended when it can be. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeSpec } from "@mvm/core";
import { FakeNode, singlePoolSpec, type TestWish } from "@mvm/testing";

/** Another egress than before, so that the rules are to be applied anew. */
function changedSpec(generation: number, wanted: readonly TestWish[]): NodeSpec {
  const spec = singlePoolSpec({ wanted }, generation);
  const [tenant] = spec.tenants;
  assert.ok(tenant);
  tenant.network.egress = { policy: "allow-list", allow: [{ cidr: "203.0.113.7", port: 443, protocol: "tcp" }] };
  return spec;
}

describe("a tenant's network that is not in place", () => {
  it("is told in status with its tries, keeps others from starting, and is mended", async () => {
    const node = await FakeNode.started(singlePoolSpec({ wanted: ["running", "stopped"] }));
    node.machine.refusedNamespaces.add("mvm-acme");
    node.takeSpec(changedSpec(2, ["running", "stopped"]));
    assert.ok(await node.until(() => (node.agent.status().network_conditions[0]?.condition.attempts ?? 0) > 2));
    const { network_conditions: conditions, converged, reported_at: now } = node.agent.status();
    const [failed] = conditions;
    assert.equal(failed?.tenant_id, "acme");
    assert.equal(failed.condition.code, "MVM_NET_APPLY_FAILED");
    assert.match(failed.condition.message, /the kernel refuses the rules of mvm-acme/);
    assert.ok(failed.condition.since < now && (failed.condition.retry_at ?? "") > now);
    assert.equal(converged, false);

    node.takeSpec(changedSpec(3, ["running", "running"]));
    assert.ok(await node.until(() => node.instance("acme-vm-1").refusal !== null));
    const { refusal, state } = node.instance("acme-vm-1");
    assert.deepEqual([refusal?.rule, refusal?.code, state], ["safety", "MVM_NET_APPLY_FAILED", "stopped"]);
    assert.equal(node.stateOf("acme-vm-0"), "running", "what runs is left running");

    node.machine.refusedNamespaces.clear();
    assert.ok(await node.converged());
    assert.deepEqual(node.agent.status().network_conditions, []);
    assert.equal(node.stateOf("acme-vm-1"), "running");
    assert.deepEqual(node.problems(), []);
  });

  it("bars nobody any more once its last instance has stopped", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.machine.refusedNamespaces.add("mvm-acme");
    node.takeSpec(changedSpec(2, ["running"]));
    assert.ok(await node.until(() => node.agent.status().network_conditions.length === 1));
    node.takeSpec(changedSpec(3, ["stopped"]));
    assert.ok(await node.converged());
    assert.deepEqual(node.agent.status().network_conditions, []);
    node.machine.refusedNamespaces.clear();
    node.takeSpec(changedSpec(4, ["running"]));
    assert.ok(await node.converged());
  });
});
