import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  chainEntry,
  Fleet,
  isMvmError,
  NodeId,
  nodeRoutes,
  operatorRoutes as routes,
  TenantId,
  type AuditEntry,
  type UnixClient,
} from "@mvm/core";
import { nodeStatus, TEST_NODE, TEST_TIME, withCoordinator } from "@mvm/testing";

const acme = TenantId.parse("acme");
const fleet = Fleet.parse({
  schema_version: 1,
  tenants: [
    { tenant_id: "acme", pools: [{ pool_id: "wk", role: "worker", profile: "small", desired_counts: { running: 1 } }] },
  ],
});
const apply = (client: UnixClient) =>
  client.call(routes.applyFleet, {
    body: { fleet, source_hash: "1".repeat(64), expected_version: null, claimed_by: "alice" },
  });

function entries(count: number, previous: AuditEntry | null = null, tenant: TenantId | null = acme): AuditEntry[] {
  const made: AuditEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const draft = {
      at: TEST_TIME,
      writer: TEST_NODE,
      tenant_id: tenant,
      instance_id: null,
      event: "instance.start",
      from: "stopped",
      to: "starting",
      cause: "reconcile",
      claimed_by: null,
      config_hash: "c",
      revision: null,
      generation: 1,
      detail: "d",
    } as const;
    made.push(chainEntry(draft, made.at(-1) ?? previous));
  }
  return made;
}

test("a spec is held back until there is another one, and comes the moment there is", async () => {
  await withCoordinator(async ({ client, agent }) => {
    const first = await agent.spec();
    const startedAt = performance.now();
    const waiting = agent
      .spec(first?.generation, 10_000)
      .then((spec) => ({ spec, afterMs: performance.now() - startedAt }));
    await delay(100);
    await apply(client);
    const { spec, afterMs } = await waiting;
    assert.equal(spec?.generation, (first?.generation ?? 0) + 1);
    assert.ok(afterMs > 90 && afterMs < 5000, `answered after ${afterMs} ms`);
  });
});

test("a spec that stays the same is answered with none at the end of the wait", async () => {
  await withCoordinator(async ({ agent }) => {
    const spec = await agent.spec();
    const startedAt = performance.now();
    assert.equal(await agent.spec(spec?.generation, 150), null);
    assert.ok(performance.now() - startedAt >= 145);
    assert.notEqual(
      await agent.spec((spec?.generation ?? 0) + 7, 10_000),
      null,
      "an agent that is ahead gets the spec at once",
    );
  });
});

test("a view is held back until something changes", async () => {
  await withCoordinator(async ({ client, agent }) => {
    const { revision } = await client.call(routes.listInstances);
    const waiting = client.call(routes.listInstances, { query: { after_revision: revision, wait_ms: 10_000 } });
    const startedAt = performance.now();
    await agent.report(nodeStatus(0));
    assert.ok((await waiting).revision > revision);
    assert.ok(performance.now() - startedAt < 5000);
  });
});

test("a status is kept whole, shown without its instances, and answered with the generation in force", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client);
    const answer = await agent.obey({ relaxations: ["guests run emulated"] });
    assert.equal(answer.generation, (await agent.spec())?.generation);
    const { node } = await client.call(routes.getNode, { params: { node: TEST_NODE } });
    assert.deepEqual(
      [node.status?.relaxations, node.status?.observed_generation, node.audit_problems],
      [["guests run emulated"], answer.generation, []],
    );
    assert.equal(node.status !== null && "instances" in node.status, false);
    const { instances } = await client.call(routes.listInstances, { query: { node: TEST_NODE } });
    assert.deepEqual(
      instances.map(({ instance_id: id, observed, status }) => [id, observed, status?.state]),
      [["acme-wk-0", true, "running"]],
    );
    assert.deepEqual((await client.call(routes.listInstances, { query: { node: "node-2" } })).instances, []);
  });
});

test("an agent's audit entries are taken once and shown with the coordinator's; a broken chain is refused and said", async () => {
  await withCoordinator(async ({ client, agent, log }) => {
    await apply(client);
    const chain = entries(3);
    const first = await agent.obey({}, chain.slice(0, 2));
    assert.deepEqual(first.chains, [{ tenant_id: "acme", acknowledged: 2, problem: null }]);
    assert.deepEqual((await agent.obey({}, chain)).chains, [{ tenant_id: "acme", acknowledged: 3, problem: null }]);
    const { records } = await client.call(routes.listAudit, { query: { writer: TEST_NODE } });
    assert.deepEqual(
      records.map(({ entry }) => entry.sequence),
      [3, 2, 1],
    );

    const gap = entries(2, chain[2] ?? null).slice(1);
    const [head] = (await agent.obey({}, gap)).chains;
    assert.equal(head?.acknowledged, 3);
    assert.match(head.problem ?? "", /entry 5 does not follow/);
    const problemsOf = async () =>
      (await client.call(routes.getNode, { params: { node: TEST_NODE } })).node.audit_problems;
    const [problem] = await problemsOf();
    assert.equal(problem?.tenant_id, "acme");
    assert.match(problem.problem, /entry 5/);
    await agent.obey({}, entries(1, null, null));
    assert.deepEqual(await problemsOf(), [problem], "another chain says nothing of this one");
    assert.ok(log.some((line) => line.includes("audit.refused")));
  });
});

test("the audit is read in pages, newest first, each entry once", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await apply(client);
    await agent.obey({}, entries(25));
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const page = await client.call(routes.listAudit, {
        query: { limit: 10, ...(before === undefined ? {} : { before }) },
      });
      seen.push(...page.records.map(({ record }) => record));
      before = page.next_before ?? undefined;
    } while (before !== undefined);
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => b - a),
    );
    assert.equal(seen.length, 25 + 4);
  });
});

test("a status of another node, or of a node that there is not, is refused", async () => {
  await withCoordinator(async ({ client, agent }) => {
    await assert.rejects(agent.report(nodeStatus(0, { node: NodeId.parse("node-2") })), (error) =>
      isMvmError(error, "MVM_API_REQUEST_INVALID"),
    );
    const stranger = client.call(nodeRoutes.putStatus, {
      params: { node: "node-2" },
      body: { status: nodeStatus(0, { node: NodeId.parse("node-2") }), audit: [] },
    });
    await assert.rejects(stranger, (error) => isMvmError(error, "MVM_NODE_NOT_FOUND"));
    await assert.rejects(client.call(nodeRoutes.getSpec, { params: { node: "node-2" } }), (error) =>
      isMvmError(error, "MVM_NODE_NOT_FOUND"),
    );
  });
});
