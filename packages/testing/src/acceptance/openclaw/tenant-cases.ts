/** What is kept from whom, and what is kept over a restart. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";
import { filesHolding } from "../files-holding.ts";
import { hostHolding } from "../host-holding.ts";
import { runInGuest } from "../probe.ts";
import {
  ACME_GATEWAY,
  ACME_WORKER,
  MODEL_KEY,
  type OpenClawBench,
  type OpenClawCase,
  TOKEN,
} from "./openclaw-bench.ts";
import { TOOL_ON_WORKER, turn, workerIsConnected } from "./talk.ts";

const STARTED_AT = new Date();

export const tenantCases: readonly OpenClawCase[] = [
  [
    "the worker VM holds neither the gateway's token nor the model's key, in memory, environment or drives",
    keepsSecretsFromWorker,
  ],
  [
    "no process of the host shows them in arguments or environment, and no new file outside holds them",
    keepsSecretsFromHost,
  ],
  ["another tenant reaches neither gateway nor worker, while both answer where they may", shutsStrangersOut],
  ["the workspace survives stop and start of the gateway, and the worker comes back by itself", survivesRestart],
];

async function keepsSecretsFromWorker(bench: OpenClawBench): Promise<void> {
  // Guest memory has the environment of every process in it; the secrets drive lies on tmpfs.
  const placesOf = (id: string): readonly string[] => [
    join(bench.world.dir, "state/instances", id),
    join(bench.world.dir, "run/secrets", id),
  ];
  for (const secret of [TOKEN, MODEL_KEY]) {
    for (const place of placesOf(ACME_GATEWAY))
      assert.notDeepEqual(await filesHolding(place, secret), [], `what is searched for is in ${place}`);
    for (const place of placesOf(ACME_WORKER)) assert.deepEqual(await filesHolding(place, secret), []);
  }
}

async function keepsSecretsFromHost(bench: OpenClawBench): Promise<void> {
  for (const marker of [TOKEN, MODEL_KEY])
    assert.deepEqual(await hostHolding({ marker, since: STARTED_AT, except: [bench.world.dir] }), []);
}

async function shutsStrangersOut(bench: OpenClawBench): Promise<void> {
  const stranger = (await bench.view("globex-first-0")).ingress_port;
  assert.ok(stranger !== null);
  const client = await bench.connect();
  assert.equal(await workerIsConnected(client), true, "the worker holds a connection to its gateway's address");
  for (const id of [ACME_GATEWAY, ACME_WORKER]) {
    const { ipv4 } = await bench.view(id);
    const answer = await runInGuest(stranger, ["curl", "-skS", "-m", "8", `https://${ipv4}:18789/healthz`]);
    assert.notEqual(answer.code, 0, id);
    // A refused connection would be an answer: nothing may have arrived there.
    assert.doesNotMatch(answer.stderr, /refused/i, id);
  }
  const control = await runOnHost(
    "curl",
    "-skS",
    "-m",
    "60",
    `${(await bench.gatewayUrl()).replace("wss", "https")}/healthz`,
  );
  assert.match(control, /ok|live/i, "the same path answers through the ingress");
}

async function survivesRestart(bench: OpenClawBench, context: TestContext): Promise<void> {
  const note = `kept-${Date.now()}`;
  await (await bench.connect()).call("agents.files.set", { agentId: "main", name: "MEMORY.md", content: note });
  const stopped = await bench.world.mvm("instance", "stop", ACME_GATEWAY, "--timeout", "180s");
  assert.equal(stopped.code, 0, stopped.stderr);
  for (const secret of [TOKEN, MODEL_KEY])
    assert.deepEqual(await filesHolding(bench.world.dir, secret), [], "nothing holds it once the VM is stopped");
  const started = await bench.world.mvm("instance", "start", ACME_GATEWAY, "--timeout", bench.readyTimeout);
  assert.equal(started.code, 0, started.stderr);
  const client = await bench.connect();
  const file = z
    .object({ file: z.object({ content: z.string() }).loose() })
    .parse(await client.call("agents.files.get", { agentId: "main", name: "MEMORY.md" }));
  assert.equal(file.file.content, note);
  const deadline = Date.now() + 300_000;
  while (!(await workerIsConnected(client))) {
    assert.ok(Date.now() < deadline, "the worker is connected again");
    await delay(2000);
  }
  assert.match(await turn(context, client, "run: hostname"), TOOL_ON_WORKER);
}

async function runOnHost(program: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args)).stdout;
}
