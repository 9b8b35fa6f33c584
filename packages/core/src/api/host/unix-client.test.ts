import assert from "node:assert/strict";
import { once } from "node:events";
import { link, mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createRawServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { isMvmError, MvmError } from "../../errors/mvm-error.ts";
import { errorBody } from "../error-body.ts";
import { apiRoute } from "../route.ts";
import { unixClient, type UnixClient } from "./unix-client.ts";

const answer = z.object({ n: z.int() });
const read = apiRoute({
  method: "GET",
  path: "/v1/things/:thing",
  query: z.object({ after: z.int().optional() }),
  body: null,
  answer,
  maxAnswerBytes: 1000,
});
const write = apiRoute({
  method: "PUT",
  path: "/v1/things/:thing",
  query: z.object({}),
  body: z.object({ text: z.string() }),
  answer,
});

/** Runs `body` with a client of a server on a socket of its own. */
async function withServer(
  listener: RequestListener,
  body: (client: UnixClient, path: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-client-"));
  const path = join(directory, "s.sock");
  const server = createServer(listener).listen(path);
  await once(server, "listening");
  try {
    await body(unixClient(path), path);
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  }
}

test("a call carries method, encoded path, query and body, and returns what the schema makes of the answer", async () => {
  const seen: unknown[] = [];
  await withServer(
    (request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      request.on("end", () => {
        seen.push([request.method, request.url, request.headers["content-type"] ?? null, text]);
        response.end(JSON.stringify({ n: 7, extra: true }));
      });
    },
    async (client) => {
      assert.deepEqual(await client.call(read, { params: { thing: "a/b" }, query: { after: 3 } }), { n: 7 });
      assert.deepEqual(await client.call(write, { params: { thing: "x" }, body: { text: "ä" } }), { n: 7 });
    },
  );
  assert.deepEqual(seen, [
    ["GET", "/v1/things/a%2Fb?after=3", null, ""],
    ["PUT", "/v1/things/x", "application/json", '{"text":"ä"}'],
  ]);
});

test("the server's error is thrown as the error that it is", async () => {
  const error = new MvmError("MVM_TENANT_NOT_FOUND", { message: "there is no tenant 'x'", details: { tenant: "x" } });
  await withServer(
    (_, response) => response.writeHead(404).end(JSON.stringify(errorBody(error))),
    async (client) => {
      await assert.rejects(
        client.call(read),
        (thrown) => isMvmError(thrown, "MVM_TENANT_NOT_FOUND") && thrown.details["tenant"] === "x",
      );
    },
  );
});

const refused: readonly (readonly [string, RequestListener])[] = [
  ["is not JSON", (_, response) => response.end("<html>")],
  ["is JSON of another shape", (_, response) => response.end('{"n":"seven"}')],
  ["is larger than its route allows", (_, response) => response.end(JSON.stringify({ n: 1, pad: "x".repeat(2000) }))],
  [
    "never ends beyond its cap",
    (_, response) => {
      const timer = setInterval(() => response.write("x".repeat(500)), 1);
      response.on("close", () => clearInterval(timer));
    },
  ],
  ["is an error that can't be read", (_, response) => response.writeHead(500).end("{}")],
];
for (const [what, listener] of refused) {
  test(`an answer that ${what} is refused`, async () => {
    await withServer(listener, async (client) => {
      await assert.rejects(client.call(read, { timeoutMs: 5000 }), (error) => isMvmError(error, "MVM_API_REFUSED"));
    });
  });
}

test("silence ends at the deadline, also when it begins in the middle of an answer", async () => {
  for (const listener of [
    () => undefined,
    (_: unknown, response: { write(text: string): void }) => response.write('{"n"'),
  ] as RequestListener[]) {
    await withServer(listener, async (client) => {
      await assert.rejects(
        client.call(read, { timeoutMs: 60 }),
        (error) => isMvmError(error, "MVM_API_UNAVAILABLE") && /within 60 ms/.test(error.message),
      );
    });
  }
});

test("an aborted call throws the signal's reason", async () => {
  await withServer(
    () => undefined,
    async (client) => {
      const controller = new AbortController();
      const reason = new Error("no longer wanted");
      setTimeout(() => controller.abort(reason), 20);
      await assert.rejects(client.call(read, { signal: controller.signal }), reason);
    },
  );
});

test("a connection that breaks off in the middle of an answer is unavailable, with the way to try again", async () => {
  await withServer(
    (_, response) => {
      response.write('{"n"');
      setTimeout(() => response.destroy(), 10);
    },
    async (client) => {
      await assert.rejects(
        client.call(read),
        (error) => isMvmError(error, "MVM_API_UNAVAILABLE") && error.retry === "backoff",
      );
    },
  );
});

test("a socket that is missing, or that nobody listens on any more, names its path", async () => {
  const directory = await mkdtemp(join(tmpdir(), "mvm-client-"));
  const path = join(directory, "s.sock");
  const expectGone = (error: unknown): boolean =>
    isMvmError(error, "MVM_API_UNAVAILABLE") && error.message.includes(`${path} has no server behind it`);
  await assert.rejects(unixClient(path).call(read), expectGone);
  const server = createRawServer().listen(path);
  await once(server, "listening");
  const stale = join(directory, "stale.sock");

  await link(path, stale);
  server.close();
  await once(server, "close");
  await assert.rejects(unixClient(stale).call(read), (error) => isMvmError(error, "MVM_API_UNAVAILABLE"));
  await rm(directory, { recursive: true });
});
