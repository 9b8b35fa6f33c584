import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
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

const isDriverError = (message: RegExp) => (error: unknown) =>
  isMvmError(error, "MVM_VM_DRIVER") && message.test(error.message);

test("an inlet keeps what one connection brought, and its socket goes with it", async () => {
  const path = join(directory, "inlet");
  const inlet = await sockets.openInlet(path, { maxBytes: 10 });
  const first = await sockets.connect(path, { timeoutMs: 1_000 });
  first.write("01234");
  const second = await sockets.connect(path, { timeoutMs: 1_000 });
  second.end("other");
  first.end("56789");
  assert.equal((await inlet.received).toString(), "0123456789");
  inlet.close();
  inlet.close();
  await assert.rejects(stat(path));
});

test("an inlet takes no more than it may", async () => {
  const path = join(directory, "inlet");
  const inlet = await sockets.openInlet(path, { maxBytes: 10 });
  const stream = await sockets.connect(path, { timeoutMs: 1_000 });
  const closed = once(stream, "close");
  stream.write("0123456789a");
  await assert.rejects(inlet.received, isDriverError(/more than 10 bytes/));
  stream.resume();
  await closed;
  inlet.close();
});

test("an inlet that is closed ends its connection and who waits for it", async () => {
  const path = join(directory, "inlet");
  const inlet = await sockets.openInlet(path, { maxBytes: 10 });
  const stream = await sockets.connect(path, { timeoutMs: 1_000 });
  const closed = once(stream.resume(), "close");
  inlet.close();
  await assert.rejects(inlet.received, isDriverError(/before all had come/));
  await closed;
});

test("an inlet where a file is already is refused", async () => {
  await assert.rejects(sockets.openInlet(join(directory, "s"), { maxBytes: 10 }), isDriverError(/can't listen/));
});
