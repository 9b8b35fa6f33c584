/** The agent's API, asked as a client asks it, over a node in memory. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErrorBody, InstanceId, NodeStatus } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";
import { agentApp } from "./agent-app.ts";
import { InstanceAnswer, LogsAnswer } from "./agent-routes.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log };

async function ask(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  return askOf(await FakeNode.started(singlePoolSpec()), path);
}

async function askOf(node: FakeNode, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const app = agentApp(node.agent, log);
  const answer = await node.during(Promise.resolve(app.request(path)));
  return { status: answer.status, body: await answer.json() };
}

async function stoppedNode(): Promise<FakeNode> {
  const node = await FakeNode.started(singlePoolSpec());
  node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
  assert.ok(await node.converged());
  return node;
}

describe("the agent's API", () => {
  it("tells the node's status", async () => {
    const { status, body } = await ask("/v1/status");
    assert.equal(status, 200);
    assert.equal(NodeStatus.parse(body).instances[0]?.state, "running");
  });

  it("tells an instance's status with its newest events first", async () => {
    const { body } = await ask("/v1/instances/acme-vm-0");
    const { status, events } = InstanceAnswer.parse(body);
    assert.equal(status.instance_id, "acme-vm-0");
    assert.deepEqual(
      events.map(({ event }) => event),
      ["instance.start.done", "instance.start"],
    );
  });

  it("tells the guest's log lines with their control characters shown", async () => {
    const { body } = await ask("/v1/instances/acme-vm-0/logs?limit=10");
    assert.deepEqual(
      LogsAnswer.parse(body).lines.map(({ message }) => message),
      ["hello\\x1b[31m"],
    );
  });

  it("tells what the VM says, and whose words that are", async () => {
    const { body } = await ask("/v1/instances/acme-vm-0/logs?source=console");
    assert.deepEqual(LogsAnswer.parse(body), {
      source: "guest-console",
      lines: [{ at: null, unit: "guest-console", priority: null, message: "console of acme-vm-0\\x1b[2J" }],
      ended_at: null,
      cursor: null,
      more: false,
    });
  });

  it("tells the last console of an instance that is stopped, and of when it is", async () => {
    const { body } = await askOf(await stoppedNode(), "/v1/instances/acme-vm-0/logs?source=console");
    const { lines, ended_at: endedAt } = LogsAnswer.parse(body);
    assert.deepEqual(
      lines.map(({ message }) => message),
      ["console of acme-vm-0\\x1b[2J"],
    );
    assert.notEqual(endedAt, null);
  });

  it("points from the logs of a stopped instance to its last console", async () => {
    const { status, body } = await askOf(await stoppedNode(), "/v1/instances/acme-vm-0/logs");
    const { error } = ErrorBody.parse(body);
    assert.deepEqual([status, error.code], [409, "MVM_STATE_INVALID_TRANSITION"]);
    assert.match(error.message, /^acme-vm-0 is stopped since \d{4}-\d\d-\d\d \d\d:\d\d UTC: logs are the guest's own/);
    assert.match(error.remedy, /mvm instance logs acme-vm-0 --console/);
  });

  it("says of the log of a VMM that it is one, also once its VM is gone", async () => {
    const node = await stoppedNode();
    const kept = "/run/mvm/outputs/acme-vm-0";
    await node.machine.files.rename(`${kept}.guest-console`, `${kept}.vmm-log`);
    const { body } = await askOf(node, "/v1/instances/acme-vm-0/logs?source=console");
    assert.equal(LogsAnswer.parse(body).source, "vmm-log");
    const { error } = ErrorBody.parse((await askOf(node, "/v1/instances/acme-vm-0/logs")).body);
    assert.match(error.remedy, /what its last VM's VMM logged: mvm instance logs acme-vm-0 --console/);
  });

  it("does not send to a console that was never there", async () => {
    const node = await FakeNode.started(singlePoolSpec({ wanted: ["stopped"] }));
    for (const query of ["", "?source=console"]) {
      const { error } = ErrorBody.parse((await askOf(node, `/v1/instances/acme-vm-0/logs${query}`)).body);
      assert.equal(error.code, "MVM_STATE_INVALID_TRANSITION");
      assert.match(error.remedy, /mvm instance show acme-vm-0/);
    }
  });

  it("sends from a guest that does not answer while it starts to its console", async () => {
    const node = new FakeNode();
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    node.machine.boots.set(InstanceId.parse("acme-vm-0"), ["silent"]);
    assert.ok(await node.until(() => (node.journal().record(InstanceId.parse("acme-vm-0"))?.vm ?? null) !== null));
    const { error } = ErrorBody.parse((await askOf(node, "/v1/instances/acme-vm-0/logs")).body);
    assert.match(error.message, /^acme-vm-0 is starting and does not answer yet$/);
    assert.match(error.remedy, /mvm instance logs acme-vm-0 --console/);
  });

  const refusals = [
    { path: "/v1/instances/acme-vm-9", status: 404, code: "MVM_INSTANCE_NOT_FOUND" },
    { path: "/v1/instances/NO/logs", status: 404, code: "MVM_INSTANCE_NOT_FOUND" },
    { path: "/v1/instances/acme-vm-0/logs?source=disk", status: 400, code: "MVM_API_REQUEST_INVALID" },
    { path: "/v1/nothing", status: 404, code: "MVM_API_REQUEST_INVALID" },
  ];
  for (const refusal of refusals) {
    it(`refuses ${refusal.path}`, async () => {
      const { status, body } = await ask(refusal.path);
      assert.deepEqual(
        { status, code: ErrorBody.parse(body).error.code },
        { status: refusal.status, code: refusal.code },
      );
    });
  }
});
