/** The agent's API, asked as a client asks it, over a node in memory. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErrorBody, NodeStatus } from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";
import { agentApp } from "./agent-app.ts";
import { InstanceAnswer, LogsAnswer } from "./agent-routes.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log };

async function ask(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const node = await FakeNode.started(singlePoolSpec());
  const app = agentApp(node.agent, log);
  const answer = await node.during(Promise.resolve(app.request(path)));
  return { status: answer.status, body: await answer.json() };
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

  it("tells the console's", async () => {
    const { body } = await ask("/v1/instances/acme-vm-0/logs?source=console");
    assert.deepEqual(LogsAnswer.parse(body), {
      lines: [{ at: null, unit: "console", priority: null, message: "console of acme-vm-0\\x1b[2J" }],
      cursor: null,
      more: false,
    });
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
