/** Wishes that are not carried out: said why, with nothing changed, and looked at again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec, testNodeSpec, testPair, type TestPool } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");

describe("refusals", () => {
  const refusals: readonly {
    readonly name: string;
    readonly pool: Partial<TestPool>;
    readonly code: string;
    readonly rule: string;
    readonly says: RegExp;
  }[] = [
    {
      name: "memory below what the profile needs",
      pool: { memMib: 64, minMemMib: 128 },
      code: "MVM_FLEET_INVALID",
      rule: "safety",
      says: /64 MiB, profile minimal needs 128 MiB/,
    },
    {
      name: "more memory than the node has",
      pool: { memMib: 5000 },
      code: "MVM_FLEET_CAPACITY",
      rule: "capacity",
      says: /needs 5000 MiB, 4096 of 4096 MiB/,
    },
    {
      name: "a required secret that is not set",
      pool: { requiredSecrets: ["model.key"] },
      code: "MVM_SECRET_MISSING",
      rule: "safety",
      says: /'model\.key'/,
    },
    {
      name: "a corrupted image",
      pool: { revision: "00000000000000ff" },
      code: "MVM_IMAGE_CORRUPTED",
      rule: "safety",
      says: /00000000000000ff/,
    },
    {
      name: "an ingress port that is taken",
      pool: { ingressPort: 18999 },
      code: "MVM_INGRESS_PORT_TAKEN",
      rule: "ingress",
      says: /18999/,
    },
  ];
  for (const { name, pool, code, rule, says } of refusals) {
    it(`refuses ${name}, and nothing is changed`, async () => {
      const node = new FakeNode();
      node.machine.corruptedRevisions.add("00000000000000ff");
      node.machine.foreignPorts.add(18_999);
      node.startAgent();
      node.takeSpec(singlePoolSpec(pool));
      assert.ok(await node.until(() => node.instance(SINGLE).refusal !== null));
      const { refusal, state, condition } = node.instance(SINGLE);
      assert.deepEqual(
        { code: refusal?.code, rule: refusal?.rule, state, condition },
        { code, rule, state: "stopped", condition: null },
      );
      assert.match(refusal?.message ?? "", says);
      assert.ok((refusal?.remedy ?? "") !== "");
      assert.deepEqual(node.machine.leftoversOf(SINGLE), []);
      assert.deepEqual(node.journal().records(), []);
    });
  }

  it("starts as soon as what was missing is there", async () => {
    const node = new FakeNode();
    node.machine.corruptedRevisions.add("0000000000000001");
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(SINGLE).refusal?.code === "MVM_IMAGE_CORRUPTED"));
    node.machine.corruptedRevisions.clear();
    assert.ok(await node.converged());
    assert.equal(node.stateOf(SINGLE), "running");
  });

  it("refuses to start over data that has vanished, and makes no blank volume in its place", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    const volume = `${node.settings.stateDir}/instances/${SINGLE}/data.luks`;
    await node.machine.files.remove(volume);
    node.takeSpec(singlePoolSpec({}, 3));
    assert.ok(await node.until(() => node.instance(SINGLE).refusal?.code === "MVM_VOLUME_FAILED"));
    assert.equal(await node.machine.files.stat(volume), null);
  });

  it("refuses an instance whose tenant's key is gone, and starts it when the key is back", async () => {
    const node = new FakeNode();
    node.machine.missingKeys.add("acme");
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(SINGLE).refusal?.code === "MVM_KEY_MISSING"));
    node.machine.missingKeys.clear();
    assert.ok(await node.converged());
  });

  it("lets a refused gateway keep its worker waiting", async () => {
    const node = new FakeNode();
    node.startAgent();
    node.takeSpec(testNodeSpec({ tenants: { acme: testPair({ gw: { requiredSecrets: ["gateway.token"] } }) } }));
    assert.ok(await node.until(() => node.instance("acme-wk-0").waiting_for !== null));
    assert.equal(node.instance("acme-wk-0").waiting_for, "acme-gw-0 to be ready");
  });
});
