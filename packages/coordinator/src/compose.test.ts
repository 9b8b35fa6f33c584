import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { access, link, mkdir, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { dirname } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  apiRoute,
  ErrorBody,
  isMvmError,
  jsonLogger,
  nodeClock,
  nodeRoutes,
  operatorRoutes,
  unixClient,
} from "@mvm/core";
import { listedCatalog, TEST_NODE, testImages, withCoordinator, type CoordinatorUnderTest } from "@mvm/testing";
import * as z from "zod";
import { runCoordinator } from "./compose.ts";
import type { CoordinatorSettings } from "./settings.ts";

const ports = { images: listedCatalog(() => testImages), logger: jsonLogger(() => undefined, nodeClock) };
const busy = (error: unknown): boolean => isMvmError(error, "MVM_COORDINATOR_ALREADY_RUNNING");

/** Runs `body` with settings of a coordinator that is closed again, its directories kept. */
async function withClosed(body: (settings: CoordinatorSettings) => Promise<void>): Promise<void> {
  await withCoordinator(async ({ settings, restart }) => {
    const elsewhere = { ...settings, stateDir: `${settings.stateDir}-2`, socketPath: `${settings.socketPath}-2` };
    await (await runCoordinator(elsewhere, ports)).close();
    await body(elsewhere);
    await restart();
  });
}

test("only root opens the socket, and closing removes it", async () => {
  await withClosed(async (settings) => {
    const running = await runCoordinator(settings, ports);
    const facts = await stat(settings.socketPath);
    assert.ok(facts.isSocket());
    assert.equal(facts.mode & 0o777, 0o600);
    await running.close();
    await assert.rejects(access(settings.socketPath));
  });
});

test("a second coordinator is refused, whether it shares the store or the socket, and disturbs nothing", async () => {
  await withCoordinator(async ({ settings, client }) => {
    await assert.rejects(runCoordinator({ ...settings, socketPath: `${settings.socketPath}-2` }, ports), busy);
    await assert.rejects(runCoordinator({ ...settings, stateDir: `${settings.stateDir}-2` }, ports), busy);
    assert.equal((await client.call(operatorRoutes.getFleet)).version, 0);
  });
});

test("a socket that a killed coordinator left behind is replaced; a file in its place is not", async () => {
  await withClosed(async (settings) => {
    const server = createServer().listen(`${settings.socketPath}.made`);
    await once(server, "listening");
    await link(`${settings.socketPath}.made`, settings.socketPath);
    server.close();
    await once(server, "close");
    const running = await runCoordinator(settings, ports);
    assert.equal((await unixClient(settings.socketPath).call(operatorRoutes.getFleet)).version, 0);
    await running.close();

    await writeFile(settings.socketPath, "precious");
    await assert.rejects(
      runCoordinator(settings, ports),
      (error) => isMvmError(error, "MVM_API_UNAVAILABLE") && /not a socket/.test(error.message),
    );
    await access(settings.socketPath);
  });
});

test("a failed start leaves nothing held: the next one works", async () => {
  await withClosed(async (settings) => {
    await mkdir(settings.socketPath);
    await assert.rejects(runCoordinator(settings, ports), (error) => isMvmError(error, "MVM_API_UNAVAILABLE"));
    const running = await runCoordinator({ ...settings, socketPath: `${settings.socketPath}.other` }, ports);
    await running.close();
  });
});

test("killed with -9, it starts again on the same store and socket", async () => {
  await withClosed(async (settings) => {
    const program = `
      import { runCoordinator } from ${JSON.stringify(new URL("./compose.ts", import.meta.url).href)};
      const images = { list: async () => [], newest: async () => null, get: async () => null };
      const logger = { info() {}, warn() {}, error() {}, child: () => logger };
      await runCoordinator(${JSON.stringify(settings)}, { images, logger });
      console.log("up");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await assert.rejects(runCoordinator(settings, ports), busy);
    child.kill("SIGKILL");
    await once(child, "exit");
    const running = await runCoordinator(settings, ports);
    assert.equal(
      (await unixClient(settings.socketPath).call(nodeRoutes.getSpec, { params: { node: TEST_NODE } })).spec?.node,
      TEST_NODE,
    );
    await running.close();
  });
});

test("closing answers who waits instead of keeping them", async () => {
  await withClosed(async (settings) => {
    const running = await runCoordinator(settings, ports);
    const client = unixClient(settings.socketPath);
    const { spec } = await client.call(nodeRoutes.getSpec, { params: { node: TEST_NODE } });
    const waiting = client.call(nodeRoutes.getSpec, {
      params: { node: TEST_NODE },
      query: { after: spec?.generation, wait_ms: 60_000 },
      timeoutMs: 70_000,
    });
    await delay(50);
    const startedAt = performance.now();
    await running.close();
    assert.equal((await waiting).spec, null);
    assert.ok(performance.now() - startedAt < 1500);
  });
});

/** Sends bytes as they are and gives the status and the error. */
function raw(
  { settings }: CoordinatorUnderTest,
  what: { method: string; path: string; body?: string; headers?: Record<string, string> },
): Promise<{ status: number; code: string; message: string }> {
  return new Promise((resolve, reject) => {
    const { method, path, body, headers = {} } = what;
    const outgoing = httpRequest({ socketPath: settings.socketPath, method, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, ...ErrorBody.parse(JSON.parse(text)).error }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const strangeRequests: readonly (readonly [string, Parameters<typeof raw>[1], number, string, RegExp])[] = [
  ["an unknown path", { method: "GET", path: "/v1/nothing" }, 404, "MVM_API_REQUEST_INVALID", /GET \/v1\/nothing/],
  ["an unknown method", { method: "DELETE", path: "/v1/fleet" }, 404, "MVM_API_REQUEST_INVALID", /DELETE/],
  ["no JSON", { method: "POST", path: "/v1/fleet/plan", body: "{" }, 400, "MVM_API_REQUEST_INVALID", /is not JSON/],
  [
    "another shape",
    { method: "POST", path: "/v1/fleet/plan", body: "{}" },
    400,
    "MVM_API_REQUEST_INVALID",
    /the body .* fleet/,
  ],
  [
    "too long a wait",
    { method: "GET", path: "/v1/instances?wait_ms=99999999" },
    400,
    "MVM_API_REQUEST_INVALID",
    /the query .* wait_ms/,
  ],
  ["an empty page", { method: "GET", path: "/v1/audit?limit=0" }, 400, "MVM_API_REQUEST_INVALID", /the query .* limit/],
  ["a path in an id", { method: "GET", path: "/v1/tenants/%2e%2e%2fx" }, 404, "MVM_TENANT_NOT_FOUND", /'\.\.\/x'/],
];
for (const [what, request, status, code, message] of strangeRequests) {
  test(`a request with ${what} is refused with an error in JSON`, async () => {
    await withCoordinator(async (under) => {
      const answer = await raw(under, request);
      assert.deepEqual([answer.status, answer.code], [status, code]);
      assert.match(answer.message, message);
    });
  });
}

test("a body above its route's cap is refused unread, with and without a stated length", async () => {
  await withCoordinator(async (under) => {
    const stop = {
      method: "POST",
      path: "/v1/instances/acme-gw-0/stop",
      body: JSON.stringify({ claimed_by: "x".repeat(100_000) }),
    };
    for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
      const answer = await raw(under, { ...stop, headers });
      assert.deepEqual([answer.status, answer.code], [400, "MVM_API_REQUEST_INVALID"]);
      assert.match(answer.message, /larger than 65536 bytes/);
    }
    const huge = apiRoute({ ...operatorRoutes.stopInstance, body: z.object({ claimed_by: z.string() }) });
    const call = under.client.call(huge, {
      params: { instance: "acme-gw-0" },
      body: { claimed_by: "x".repeat(20_000_000) },
    });
    await assert.rejects(call, (error) => isMvmError(error, "MVM_API_REQUEST_INVALID"));
    assert.equal((await under.client.call(operatorRoutes.getFleet)).version, 0, "the server goes on");
  });
});

test("the socket's directory is made when it is missing", async () => {
  await withClosed(async (settings) => {
    const running = await runCoordinator(
      { ...settings, socketPath: `${dirname(settings.socketPath)}/a/b/c.sock` },
      ports,
    );
    await running.close();
  });
});
