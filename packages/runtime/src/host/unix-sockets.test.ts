import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isMvmError } from "@mvm/core";
import { createUnixSockets } from "./unix-sockets.ts";

const sockets = createUnixSockets();
const server = createServer((peer) => peer.on("error", () => undefined).end("hello"));
let directory = "";

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-sockets-"));
  server.listen(join(directory, "s"));
  await once(server, "listening");
});
after(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

test("connects, and a peer's end arrives", async () => {
  const stream = await sockets.connect(join(directory, "s"), { timeoutMs: 1_000 });
  const [chunk] = (await once(stream, "data")) as [Buffer];
  assert.equal(chunk.toString(), "hello");
  stream.destroy();
});

test("nobody listens: an error with the path", async () => {
  const connecting = sockets.connect(join(directory, "none"), { timeoutMs: 1_000 });
  await assert.rejects(
    connecting,
    (error) => isMvmError(error, "MVM_VM_DRIVER") && error.details["path"] === join(directory, "none"),
  );
});

test("an aborted signal rejects with its reason", async () => {
  const reason = new Error("enough");
  await assert.rejects(
    sockets.connect(join(directory, "s"), { timeoutMs: 1_000, signal: AbortSignal.abort(reason) }),
    reason,
  );
});
