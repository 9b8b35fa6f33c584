import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as z from "zod";
import { isMvmError } from "../../errors/mvm-error.ts";
import { apiRoute } from "../route.ts";
import { unixClient } from "./unix-client.ts";
import { listenOnSocket, type UnixServer } from "./unix-server.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-socket-"));
after(() => rmSync(dir, { recursive: true }));

const route = apiRoute({
  method: "GET",
  path: "/v1/hello",
  query: z.object({}),
  body: null,
  answer: z.object({ hello: z.string() }),
});
const hello: RequestListener = (_, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ hello: "world" }));
};
const listen = (path: string, listener = hello): Promise<UnixServer> =>
  listenOnSocket({ path, listener, takenCode: "MVM_AGENT_ALREADY_RUNNING" });

test("a server answers, is open to root alone, makes the socket's directory, and is gone afterwards", async () => {
  const path = join(dir, "run", "agent.sock");
  const server = await listen(path);
  assert.deepEqual(await unixClient(path).call(route), { hello: "world" });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await server.close();
  assert.equal(existsSync(path), false);
});

test("a socket is not taken from a server that answers on it", async () => {
  const path = join(dir, "taken.sock");
  const server = await listen(path);
  await assert.rejects(listen(path), (error) => isMvmError(error, "MVM_AGENT_ALREADY_RUNNING"));
  await server.close();
});

test("what a dead server left is replaced", async () => {
  const path = join(dir, "stale.sock");
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", program]);
  assert.ok(statSync(path).isSocket());
  const server = await listen(path);
  assert.deepEqual(await unixClient(path).call(route), { hello: "world" });
  await server.close();
});

test("a file that is no socket is left alone", async () => {
  const path = join(dir, "notes.txt");
  writeFileSync(path, "mine");
  await assert.rejects(listen(path), (error) => isMvmError(error, "MVM_API_UNAVAILABLE"));
  assert.equal(readFileSync(path, "utf8"), "mine");
});

test("closing lets an answer that is under way end", async () => {
  const path = join(dir, "busy.sock");
  let ask = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const server = await listen(path, (request, response) => {
    ask();
    setTimeout(() => hello(request, response), 100);
  });
  const answer = unixClient(path).call(route);
  await asked;
  await server.close();
  assert.deepEqual(await answer, { hello: "world" });
});
