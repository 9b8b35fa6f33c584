import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { apiRoute, isMvmError, unixClient } from "@mvm/core";
import * as z from "zod";
import { listenOnSocket } from "./unix-server.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-socket-"));
after(() => rmSync(dir, { recursive: true }));

const route = apiRoute({
  method: "GET",
  path: "/v1/hello",
  query: z.object({}),
  body: null,
  answer: z.object({ hello: z.string() }),
});
const answer = (): Response => Response.json({ hello: "world" });

describe("the agent's socket", () => {
  it("answers, is open to root alone, and is gone afterwards", async () => {
    const path = join(dir, "agent.sock");
    const server = await listenOnSocket(path, answer);
    assert.deepEqual(await unixClient(path).call(route), { hello: "world" });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await server.close();
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
  });

  it("is not taken from a server that answers on it", async () => {
    const path = join(dir, "taken.sock");
    const server = await listenOnSocket(path, answer);
    await assert.rejects(listenOnSocket(path, answer), (error) => isMvmError(error, "MVM_AGENT_ALREADY_RUNNING"));
    await server.close();
  });

  it("replaces what a dead one left", async () => {
    const path = join(dir, "stale.sock");
    writeFileSync(path, "");
    const server = await listenOnSocket(path, answer);
    assert.deepEqual(await unixClient(path).call(route), { hello: "world" });
    await server.close();
  });
});
