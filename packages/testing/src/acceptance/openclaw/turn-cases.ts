/** A gateway and its worker come up, and do what OpenClaw is for: a turn whose tool runs on the worker. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import * as z from "zod";
import { GatewayRefusal, newDeviceIdentity, OpenClawClient } from "../../openclaw-client.ts";
import { ACME_GATEWAY, ACME_WORKER, type OpenClawBench, type OpenClawCase } from "./openclaw-bench.ts";
import { TOOL_ON_WORKER, turn, workerIsConnected } from "./talk.ts";

export const turnCases: readonly OpenClawCase[] = [
  ["gateway, then worker come up ready", comesUp],
  ["a connector without its secret stays off, and the status names what is missing", leavesConnectorOff],
  ["connect with the token: hello-ok and health; a wrong token is refused", answersWithToken],
  ["the gateway lists its worker as connected", listsWorker],
  ["a turn of the agent runs its tool on the worker VM", runsToolOnWorker],
];

async function comesUp(bench: OpenClawBench, context: TestContext): Promise<void> {
  await bench.bringUp();
  const [gateway, worker] = [await bench.view(ACME_GATEWAY), await bench.view(ACME_WORKER)];
  for (const { instance_id: id, status } of [gateway, worker]) {
    assert.equal(status?.guest?.ready, true, id);
    context.diagnostic(
      `${id}: hello after ${status.boot.hello_ms} ms, ready after ${status.boot.ready_ms} ms, ${status.boot.hung_boots} hung boots`,
    );
  }
}

async function leavesConnectorOff(bench: OpenClawBench, context: TestContext): Promise<void> {
  const telegram = (await bench.view(ACME_GATEWAY)).status?.guest?.connectors.find(({ name }) => name === "telegram");
  context.diagnostic(`${ACME_GATEWAY}: telegram: ${JSON.stringify(telegram)}`);
  assert.equal(telegram?.enabled, false);
  assert.deepEqual(telegram.missing, ["secret telegram.token"]);
}

async function answersWithToken(bench: OpenClawBench, context: TestContext): Promise<void> {
  const client = await bench.connect();
  context.diagnostic(`${ACME_GATEWAY}: with its token: ${client.hello.type}`);
  assert.equal(client.hello.type, "hello-ok");
  assert.equal(
    z
      .object({ ok: z.boolean() })
      .loose()
      .parse(await client.call("health")).ok,
    true,
  );
  const wrong = OpenClawClient.connect({
    url: await bench.gatewayUrl(),
    token: "token-of-nobody",
    identity: newDeviceIdentity(),
  });
  await assert.rejects(wrong, (error) => error instanceof GatewayRefusal && error.detailCode === "AUTH_TOKEN_MISMATCH");
}

async function listsWorker(bench: OpenClawBench, context: TestContext): Promise<void> {
  assert.equal(await workerIsConnected(await bench.connect()), true);
  context.diagnostic(`${ACME_GATEWAY} lists ${ACME_WORKER} as connected`);
}

async function runsToolOnWorker(bench: OpenClawBench, context: TestContext): Promise<void> {
  assert.match(await turn(context, await bench.connect(), "run: hostname"), TOOL_ON_WORKER);
}
