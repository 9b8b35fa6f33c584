/**
 * OpenClaw for real: one tenant's gateway and worker in emulated VMs, booted once for all tests
 * here, a stand-in model service outside, and another tenant's VM that must reach neither.
 *
 * Slow (a gateway takes minutes to start without KVM), so everything that needs OpenClaw is here.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { writeFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { InstanceView } from "@mvm/core";
import * as z from "zod";
import {
  connectWhenAdmitted,
  GatewayRefusal,
  newDeviceIdentity,
  OpenClawClient,
  TurnFailed,
} from "../openclaw-client.ts";
import { requires } from "../requirements.ts";
import { filesHolding } from "./files-holding.ts";
import { hostHolding } from "./host-holding.ts";
import { createOutside, type Outside } from "./outside.ts";
import { runInGuest } from "./probe.ts";
import { applyFleet, buildImage, createWorld, type World } from "./world.ts";

const MODEL_SERVER = resolve(import.meta.dirname, "../model-server.ts");
const MODEL_PORT = 18950;
/** New in each run: what an earlier one left, or this file's own text, is never taken for them. */
const TOKEN = `token-${randomBytes(10).toString("hex")}`;
const MODEL_KEY = `key-${randomBytes(10).toString("hex")}`;
const STARTED_AT = new Date();
const ACME_GATEWAY = "acme-gw-0";
const ACME_WORKER = "acme-worker-0";
const READY_TIMEOUT = "1500s";
const TOOL_ON_WORKER = new RegExp(`the tool said: [^]*${ACME_WORKER}`);
const MOST_TURNS = 3;

const fleet = (modelAt: string, running: number): string => `schema_version = 1

[[tenants]]
tenant_id = "acme"
egress = { policy = "allow-list", allow = [{ cidr = "${modelAt}", port = ${MODEL_PORT} }] }
model = { base_url = "http://${modelAt}:${MODEL_PORT}/v1", model = "stand-in" }
connectors = { telegram = {} }

[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "openclaw-gateway"
desired_counts = { running = ${running} }

[[tenants.pools]]
pool_id = "worker"
role = "worker"
profile = "openclaw-worker"
desired_counts = { running = ${running} }

[[tenants]]
tenant_id = "globex"

[[tenants.pools]]
pool_id = "first"
role = "probe"
profile = "probe"
desired_counts = { running = ${running} }
`;

const skip = await requires("root", "qemu", "network", "volumes", "images");

describe("an OpenClaw gateway with its worker", { skip, timeout: 50 * 60_000 }, () => {
  let world: World;
  let outside: Outside;
  const clients: OpenClawClient[] = [];
  const identity = newDeviceIdentity();

  const view = async (id: string): Promise<InstanceView> =>
    z.object({ instance: InstanceView }).parse(await world.json("instance", "show", id)).instance;
  const gatewayUrl = async (): Promise<string> => `wss://127.0.0.1:${(await view(ACME_GATEWAY)).ingress_port}`;
  const connect = async (): Promise<OpenClawClient> => {
    const connected = await connectWhenAdmitted({
      url: await gatewayUrl(),
      token: TOKEN,
      identity,
      timeoutMs: 240_000,
    });
    clients.push(connected);
    return connected;
  };

  before(async () => {
    outside = await createOutside("xoc", "198.18.8");
    world = await createWorld({
      name: "oc",
      fleet: fleet(outside.ipv4, 0),
      range: 103,
      firstIngressPort: 23400,
      node: "boot_timeout_seconds = 600",
    });
    for (const [role, profile] of [
      ["gateway", "openclaw-gateway"],
      ["worker", "openclaw-worker"],
      ["probe", "probe"],
    ] as const) {
      await buildImage(world, role, profile);
    }
    await outside.start(MODEL_SERVER, [outside.ipv4, String(MODEL_PORT)]);
    await applyFleet(world);
    await setSecret(world, "gateway.token", TOKEN);
    await setSecret(world, "model.key", MODEL_KEY);
    await writeFile(world.fleetPath, fleet(outside.ipv4, 1));
  });
  after(async () => {
    for (const each of clients) each.close();
    await outside.close();
    await world.close();
  });

  test("gateway, then worker come up ready", async (context) => {
    await applyFleet(world, READY_TIMEOUT);
    const [gateway, worker] = [await view(ACME_GATEWAY), await view(ACME_WORKER)];
    for (const { instance_id: id, status } of [gateway, worker]) {
      assert.equal(status?.guest?.ready, true, id);
      context.diagnostic(
        `${id}: hello after ${status.boot.hello_ms} ms, ready after ${status.boot.ready_ms} ms, ${status.boot.hung_boots} hung boots`,
      );
    }
  });

  test("a connector without its secret stays off, and the status names what is missing", async () => {
    const telegram = (await view(ACME_GATEWAY)).status?.guest?.connectors.find(({ name }) => name === "telegram");
    assert.equal(telegram?.enabled, false);
    assert.deepEqual(telegram.missing, ["secret telegram.token"]);
  });

  test("connect with the token: hello-ok and health; a wrong token is refused", async () => {
    const client = await connect();
    assert.equal(client.hello.type, "hello-ok");
    assert.equal(
      z
        .object({ ok: z.boolean() })
        .loose()
        .parse(await client.call("health")).ok,
      true,
    );
    const wrong = OpenClawClient.connect({
      url: await gatewayUrl(),
      token: "token-of-nobody",
      identity: newDeviceIdentity(),
    });
    await assert.rejects(
      wrong,
      (error) => error instanceof GatewayRefusal && error.detailCode === "AUTH_TOKEN_MISMATCH",
    );
  });

  test("the gateway lists its worker as connected", async () => {
    assert.equal(await workerIsConnected(await connect()), true);
  });

  test("a turn of the agent runs its tool on the worker VM", async (context) => {
    assert.match(await turn(context, await connect(), "run: hostname"), TOOL_ON_WORKER);
  });

  test("the worker VM holds neither the gateway's token nor the model's key, in memory, environment or drives", async () => {
    // Guest memory has the environment of every process in it; the secrets drive lies on tmpfs.
    const placesOf = (id: string): readonly string[] => [
      join(world.dir, "state/instances", id),
      join(world.dir, "run/secrets", id),
    ];
    for (const secret of [TOKEN, MODEL_KEY]) {
      for (const place of placesOf(ACME_GATEWAY))
        assert.notDeepEqual(await filesHolding(place, secret), [], `what is searched for is in ${place}`);
      for (const place of placesOf(ACME_WORKER)) assert.deepEqual(await filesHolding(place, secret), []);
    }
  });

  test("no process of the host shows them in arguments or environment, and no new file outside holds them", async () => {
    for (const marker of [TOKEN, MODEL_KEY])
      assert.deepEqual(await hostHolding({ marker, since: STARTED_AT, except: [world.dir] }), []);
  });

  test("another tenant reaches neither gateway nor worker, while both answer where they may", async () => {
    const stranger = (await view("globex-first-0")).ingress_port;
    assert.ok(stranger !== null);
    const client = await connect();
    assert.equal(await workerIsConnected(client), true, "the worker holds a connection to its gateway's address");
    for (const id of [ACME_GATEWAY, ACME_WORKER]) {
      const { ipv4 } = await view(id);
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
      `${(await gatewayUrl()).replace("wss", "https")}/healthz`,
    );
    assert.match(control, /ok|live/i, "the same path answers through the ingress");
  });

  test("the workspace survives stop and start of the gateway, and the worker comes back by itself", async (context) => {
    const note = `kept-${Date.now()}`;
    await (await connect()).call("agents.files.set", { agentId: "main", name: "MEMORY.md", content: note });
    const stopped = await world.mvm("instance", "stop", ACME_GATEWAY, "--timeout", "180s");
    assert.equal(stopped.code, 0, stopped.stderr);
    for (const secret of [TOKEN, MODEL_KEY])
      assert.deepEqual(await filesHolding(world.dir, secret), [], "nothing holds it once the VM is stopped");
    const started = await world.mvm("instance", "start", ACME_GATEWAY, "--timeout", READY_TIMEOUT);
    assert.equal(started.code, 0, started.stderr);
    const client = await connect();
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
  });
});

async function runOnHost(program: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args)).stdout;
}

/**
 * A turn, sent again when it ends with an error, as a person would: OpenClaw has deadlines of seconds
 * inside, which an emulated gateway that has just started may miss. Every error is told.
 */
async function turn(context: TestContext, client: OpenClawClient, message: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.turn(message, `turn-${randomUUID()}`);
    } catch (error) {
      if (!(error instanceof TurnFailed) || attempt === MOST_TURNS) throw error;
      context.diagnostic(`sent again: ${error.message}`);
    }
  }
}

async function workerIsConnected(client: OpenClawClient): Promise<boolean> {
  const { nodes } = z
    .object({
      nodes: z.array(z.object({ displayName: z.string().optional(), connected: z.boolean().optional() }).loose()),
    })
    .parse(await client.call("node.list"));
  return nodes.some(({ displayName, connected }) => displayName === ACME_WORKER && connected === true);
}

/** By a file on tmpfs, removed at once: a value never stands in argv. */
async function setSecret(world: World, name: string, value: string): Promise<void> {
  const path = `/dev/shm/mvm-test-${process.pid}-${name}`;
  await writeFile(path, value, { mode: 0o600 });
  try {
    const { code, stderr } = await world.mvm("secrets", "set", "acme", name, "--from-file", path);
    assert.equal(code, 0, stderr);
  } finally {
    await rm(path, { force: true });
  }
}
