/** Against an HTTP server on a Unix socket that answers as Firecracker does, and as it never should. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { isMvmError, nodeClock } from "@mvm/core";
import { createUnixHttp } from "../../../host/unix-http.ts";
import { firecrackerApi } from "./client.ts";
import { pauseRequest } from "./requests.ts";

let directory = "";
let server: Server | null = null;
const path = (): string => join(directory, "api.sock");
const api = () => firecrackerApi(createUnixHttp(), nodeClock, path());
const info = { app_name: "Firecracker", id: "acme-gw-0", state: "Running", vmm_version: "1.15.1" };

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-api-"));
});
afterEach(async () => {
  const closing = server;
  server = null;
  closing?.closeAllConnections();
  if (closing === null) return;
  closing.close();
  await once(closing, "close");
});
after(() => rm(directory, { recursive: true, force: true }));

async function serve(
  answer: (response: ServerResponse, request: IncomingMessage, body: string) => void,
): Promise<void> {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => answer(response, request, body));
  });
  server.listen(path());
  await once(server, "listening");
}

const rejects = (work: Promise<unknown>, reason: RegExp) =>
  assert.rejects(work, (error) => isMvmError(error, "MVM_VM_DRIVER") && reason.test(error.message));

test("a change is sent with its length and answered without content", async () => {
  const seen: unknown[] = [];
  await serve((response, { method, url, headers }, body) => {
    seen.push(method, url, headers["content-length"], headers["transfer-encoding"], body);
    response.writeHead(204).end();
  });
  await api().send(pauseRequest);
  assert.deepEqual(seen, ["PATCH", "/vm", "18", undefined, '{"state":"Paused"}']);
});

test("a refusal carries Firecracker's reason, of the API and of its HTTP server", async () => {
  let body = { fault_message: "The microVM is not paused" } as object;
  await serve((response) => response.writeHead(400).end(JSON.stringify(body)));
  await rejects(api().send(pauseRequest), /refused PATCH \/vm: The microVM is not paused/);
  body = { error: "Too many open connections" };
  await rejects(api().send(pauseRequest), /Too many open connections/);
});

for (const [what, status, text] of [
  ["success with content", 200, "{}"],
  ["a refusal without a reason", 400, '{"reason":1}'],
  ["a redirection", 302, ""],
  ["text that is no JSON", 500, "<html>"],
] as const) {
  test(`${what} is no answer to a change`, async () => {
    await serve((response) => response.writeHead(status).end(text));
    await rejects(api().send(pauseRequest), /not part of Firecracker's API/);
  });
}

test("the VM's state is one of three", async () => {
  let state = "Running";
  await serve((response) => response.writeHead(200).end(JSON.stringify({ ...info, state })));
  assert.equal((await api().info()).state, "Running");
  state = "Exploded";
  await rejects(api().info(), /not part of Firecracker's API/);
});

test("an answer without end is cut, and silence has a deadline", async () => {
  await serve((response, { method }) => {
    if (method === "PATCH") return;
    response.writeHead(200);
    response.end(JSON.stringify({ ...info, padding: "x".repeat(100_000) }));
  });
  await rejects(api().info(), /longer than 65536 bytes/);
  await rejects(api().send(pauseRequest, { timeoutMs: 50 }), /not answered within 50 ms/);
});

test("a socket that accepts later is waited for; a process that has ended is not", async () => {
  await rejects(api().info(), /nobody listens/);
  const ready = api().ready({ isOver: () => Promise.resolve(false) });
  await nodeClock.sleep(30);
  await serve((response) => response.writeHead(200).end(JSON.stringify(info)));
  assert.equal((await ready).id, "acme-gw-0");
  const gone = firecrackerApi(createUnixHttp(), nodeClock, join(directory, "none.sock"));
  await rejects(gone.ready({ isOver: () => Promise.resolve(true) }), /ended before its API answered/);
});

test("an abort ends a request with its reason", async () => {
  await serve(() => undefined);
  const reason = new Error("a newer intent");
  await assert.rejects(api().info({ signal: AbortSignal.abort(reason) }), reason);
});
