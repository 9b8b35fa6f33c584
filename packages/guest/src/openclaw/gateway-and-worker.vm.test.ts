/**
 * A real gateway and a real worker, each looked after by the real agent of guests, in two network
 * namespaces of one tenant, with this test as host, outside and attacker.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InstanceId, nodeClock } from "@mvm/core";
import {
  connectWhenAdmitted,
  GatewayRefusal,
  installedOpenClaw,
  type InstalledOpenClaw,
  newDeviceIdentity,
  OpenClawClient,
  openOpenClawTenant,
  type OpenClawTenant,
  requires,
  type RootedGuest,
} from "@mvm/testing";
import type { HandlerReport } from "../protocol/handler-report.ts";

const skip = await requires("root", "openclaw");

let openclaw: InstalledOpenClaw;
let tenant: OpenClawTenant;

before(async () => {
  if (skip !== false) return;
  openclaw = await installedOpenClaw();
  tenant = await openOpenClawTenant(openclaw);
});
after(async () => {
  if (skip !== false) return;
  await tenant.close();
  await openclaw.close();
});

async function reportOf(guest: RootedGuest): Promise<HandlerReport> {
  const { handlers } = await guest.client.request("status", {}, { timeoutMs: 60_000 });
  return handlers[0] ?? assert.fail("no handler");
}

async function pair(): Promise<void> {
  const offer = await tenant.gateway.client.request("pairing.mint", { peer: tenant.workerId }, { timeoutMs: 60_000 });
  await tenant.worker.client.request("pairing.offer", offer, { timeoutMs: 60_000 });
}

async function mainPidOf(guest: RootedGuest, unit: string): Promise<number | undefined> {
  const { services } = await guest.client.request("status", {}, { timeoutMs: 60_000 });
  return services.find(({ name }) => name === unit)?.main_pid;
}

const isWorkerConnected = (report: HandlerReport): boolean =>
  report.peers.some((peer) => peer.name === tenant.workerId && peer.connected);

/** Asks again and again until the answer is as wanted; fails with the last one. */
async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  condition: (answer: Answer) => boolean,
): Promise<void> {
  const deadline = performance.now() + 180_000;
  for (;;) {
    const answer = await ask();
    if (condition(answer)) return;
    assert.ok(performance.now() < deadline, `not ${what}: ${JSON.stringify(answer)}`);
    await nodeClock.sleep(500);
  }
}

const untilReport = (guest: RootedGuest, what: string, condition: (report: HandlerReport) => boolean): Promise<void> =>
  until(what, () => reportOf(guest), condition);

test("before anything runs the gateway is not up, and the worker says that it needs pairing", { skip }, async () => {
  const health = await tenant.gateway.client.request("health", {}, { timeoutMs: 60_000 });
  assert.equal(health.ready, false);
  const report = await reportOf(tenant.worker);
  assert.deepEqual([report.ready, report.needs], [false, ["pairing"]]);
  await assert.rejects(
    tenant.gateway.client.request("pairing.mint", { peer: tenant.workerId }, { timeoutMs: 60_000 }),
    /refused pairing\.mint/,
  );
});

test(
  "the gateway comes up: the token's holder gets hello-ok and health, a wrong token is refused",
  { skip },
  async () => {
    await untilReport(tenant.gateway, "up", (report) => report.ready);
    const client = await OpenClawClient.connect({ url: tenant.url, token: tenant.token });
    assert.equal(client.hello.auth.role, "operator");
    assert.ok(await client.call("health"));
    client.close();
    await assert.rejects(
      OpenClawClient.connect({ url: tenant.url, token: "wrong" }),
      (error) => error instanceof GatewayRefusal && error.detailCode === "AUTH_TOKEN_MISMATCH",
    );
    await assert.rejects(
      OpenClawClient.connect({ url: tenant.url, identity: newDeviceIdentity() }),
      (error) => error instanceof GatewayRefusal && error.detailCode === "AUTH_TOKEN_MISSING",
    );
  },
);

test("the worker pairs by the gateway's offer, and the gateway lists it as connected", { skip }, async () => {
  await pair();
  await untilReport(tenant.worker, "paired", (report) => report.ready);
  await untilReport(tenant.gateway, "in the gateway's list", isWorkerConnected);
});

test(
  "a new device of the token's holder is admitted by itself, and its agent's commands run on the worker",
  { skip },
  async () => {
    const client = await connectWhenAdmitted({ url: tenant.url, token: tenant.token, identity: newDeviceIdentity() });
    assert.ok(client.hello.auth.scopes.includes("operator.admin"));
    assert.match(await client.turn("run: hostname", "turn-1"), new RegExp(`^${tenant.workerId}$`, "m"));
    assert.deepEqual(
      [...new Set(tenant.model.asked.map((question) => question.authorization))],
      [`Bearer ${tenant.modelKey}`],
    );
    client.close();
  },
);

test("neither a setup code for workers nor a worker's own credential makes an operator", { skip }, async () => {
  const { setup_code: code } = await tenant.gateway.client.request(
    "pairing.mint",
    { peer: InstanceId.parse("acme-wk-9") },
    { timeoutMs: 60_000 },
  );
  const { bootstrapToken } = JSON.parse(Buffer.from(code, "base64url").toString("utf8")) as { bootstrapToken: string };
  const attacker = newDeviceIdentity();
  const asOperator = (auth: Readonly<Record<string, string>>) =>
    OpenClawClient.connect({ url: tenant.url, identity: attacker, auth });
  await assert.rejects(asOperator({ bootstrapToken }), GatewayRefusal);

  const node = await OpenClawClient.connect({
    url: tenant.url,
    identity: attacker,
    role: "node",
    auth: { bootstrapToken },
  });
  const deviceToken = node.hello.auth.deviceToken ?? assert.fail("the node got no credential");
  for (let tries = 0; tries < 3; tries += 1) {
    await assert.rejects(asOperator({ deviceToken }), GatewayRefusal);
    await assert.rejects(asOperator({ token: deviceToken }), GatewayRefusal);
    await nodeClock.sleep(1000);
  }
  node.close();
});

test("either side is restarted and they find each other again, without a code", { skip }, async () => {
  await tenant.gateway.run("systemctl", "restart", tenant.gatewayUnit);
  await untilReport(tenant.gateway, "gone", (report) => !report.ready);
  await untilReport(tenant.gateway, "back with its worker", (report) => report.ready && isWorkerConnected(report));

  // A worker is back within seconds, sooner than a guest's answer is made anew: that it was gone is
  // told by its process.
  const pid = await mainPidOf(tenant.worker, tenant.workerUnit);
  await tenant.worker.run("systemctl", "restart", tenant.workerUnit);
  await until(
    "another process",
    () => mainPidOf(tenant.worker, tenant.workerUnit),
    (now) => now !== pid,
  );
  await untilReport(tenant.worker, "back", (report) => report.ready && report.needs.length === 0);
});

test("a worker that its gateway has forgotten asks for pairing, and comes back by a new offer", { skip }, async () => {
  const client = await connectWhenAdmitted({
    url: tenant.url,
    token: tenant.token,
    identity: newDeviceIdentity(),
    scopes: ["operator.read", "operator.admin", "operator.pairing"],
  });
  const { nodes } = (await client.call("node.list")) as {
    nodes: { nodeId: string; connected?: boolean; displayName?: string }[];
  };
  const nodeId = nodes.find((node) => node.displayName === tenant.workerId)?.nodeId;
  await client.call("node.pair.remove", { nodeId });
  client.close();

  await untilReport(tenant.worker, "in need of pairing", (report) => report.needs.includes("pairing"));
  await pair();
  await untilReport(tenant.worker, "paired again", (report) => report.ready);
  await untilReport(tenant.gateway, "in the gateway's list", isWorkerConnected);
});

test(
  "connectors say what they lack and what OpenClaw says; a refresh is taken; logs come in pages",
  { skip },
  async () => {
    const { connectors } = await tenant.gateway.client.request("connectors", {}, { timeoutMs: 60_000 });
    assert.deepEqual(
      connectors.map(({ name, enabled, missing }) => ({ name, enabled, missing })),
      [
        { name: "telegram", enabled: false, missing: ["secret telegram.token"] },
        { name: "whatsapp", enabled: true, missing: [] },
      ],
    );
    assert.match(connectors[1]?.detail ?? "", /not linked/);

    const { handlers } = await tenant.gateway.client.request("drives.refresh", {}, { timeoutMs: 60_000 });
    assert.deepEqual(
      handlers.map(({ name, applied }) => [name, applied]),
      [["openclaw.gateway", true]],
    );

    const first = await tenant.gateway.client.request(
      "logs",
      { unit: tenant.gatewayUnit, limit: 5 },
      { timeoutMs: 60_000 },
    );
    assert.equal(first.entries.length, 5);
    const next = await tenant.gateway.client.request(
      "logs",
      { unit: tenant.gatewayUnit, limit: 5, cursor: first.cursor ?? "" },
      { timeoutMs: 60_000 },
    );
    assert.ok(next.entries.length <= 5);
  },
);
