/** Against a server that speaks Firecracker's side of the vsock's Unix socket, well and badly. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { isMvmError, nodeClock } from "@mvm/core";
import { createUnixSockets } from "../../host/unix-sockets.ts";
import { openGuestPort } from "./guest-stream.ts";

const ports = { clock: nodeClock, sockets: createUnixSockets() };
let directory = "";
let server: Server | null = null;
const path = (): string => join(directory, "guest.sock");

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-vsock-"));
});
afterEach(async () => {
  const closing = server;
  server = null;
  if (closing === null) return;
  closing.close();
  await once(closing, "close");
});
after(() => rm(directory, { recursive: true, force: true }));

async function serve(answer: (socket: Socket, asked: string) => void): Promise<void> {
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (asked: Buffer) => answer(socket, asked.toString()));
  });
  server.listen(path());
  await once(server, "listening");
}

test("the port is asked for in one line, and what follows the answer belongs to the stream", async () => {
  let heard = "";
  await serve((socket, asked) => {
    heard = asked;
    socket.write("OK 10");
    setTimeout(() => socket.write("73741824\nhello from the guest\n"), 10);
    socket.once("data", (bytes: Buffer) => socket.end(`heard ${bytes.toString()}`));
  });
  const stream = await openGuestPort(ports, path());
  assert.equal(heard, "CONNECT 10500\n");
  stream.write("hello");
  let text = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString();
  assert.equal(text, "hello from the guest\nheard hello");
});

test("listeners for data get what comes later", async () => {
  await serve((socket) => {
    socket.write("OK 1073741824\n");
    setTimeout(() => socket.end("late"), 20);
  });
  const stream = await openGuestPort(ports, path());
  const [chunk] = (await once(stream, "data")) as [Buffer];
  assert.equal(chunk.toString(), "late");
});

for (const [what, answer, reason] of [
  ["a guest without a listener closes it", (socket: Socket) => socket.end(), /closed by the guest/],
  ["another answer is no stream", (socket: Socket) => socket.write("ERR 1\n"), /answered with 'ERR 1'/],
  ["an endless answer is cut", (socket: Socket) => socket.write("x".repeat(200)), /something else than a line/],
  ["a paused guest answers nothing", () => undefined, /did not answer within/],
] as const) {
  test(what, async () => {
    await serve(answer);
    await assert.rejects(openGuestPort(ports, path(), { timeoutMs: 300 }), (error) => {
      return isMvmError(error, "MVM_VM_DRIVER") && reason.test(error.message);
    });
  });
}
