import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isMvmError } from "@mvm/core";
import type { Forwarder } from "../ingress.ts";
import { openTcpForwarder } from "./tcp-forwarder.ts";

const open: (Forwarder | Server)[] = [];
after(async () => {
  for (const thing of open) await thing.close();
});

/** A server in the guest's stead; what it does with each connection is the test's. */
async function guestServer(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, serve);
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const port = await guestServer(() => undefined);
  const server = open.pop() as Server;
  server.close();
  await once(server, "close");
  return port;
}

async function forwarded(guestPort: number | null): Promise<number> {
  const port = await freePort();
  const target = guestPort === null ? null : { localAddress: "127.0.0.1", host: "127.0.0.1", port: guestPort };
  open.push(await openTcpForwarder(port, () => target));
  return port;
}

describe("the loopback forwarder", () => {
  it("passes on each side's end of stream by itself", async () => {
    const guest = await guestServer((socket) => {
      // Answers only when the client has said all that it has to say.
      void text(socket).then((request) => socket.end(`heard: ${request}`));
    });
    const client = connect({ port: await forwarded(guest), host: "127.0.0.1", allowHalfOpen: true });
    client.end("question");
    assert.equal(await text(client), "heard: question");
  });

  it("carries more than any buffer holds, without losing a byte, to a slow reader", async () => {
    const size = 8 * 1024 * 1024;
    const guest = await guestServer((socket) => socket.end(Buffer.alloc(size, 7)));
    const client = connect({ port: await forwarded(guest), host: "127.0.0.1" });
    let received = 0;
    for await (const chunk of client) {
      received += (chunk as Buffer).length;
      if (received % 16 === 0) await setImmediate();
    }
    assert.equal(received, size);
  });

  it("closes a connection at once while there is nobody to forward to", async () => {
    const client = connect({ port: await forwarded(null), host: "127.0.0.1" });
    client.on("error", () => undefined);
    await once(client, "close");
  });

  it("ends the client's connection when the guest refuses", async () => {
    const client = connect({ port: await forwarded(await freePort()), host: "127.0.0.1" });
    client.on("error", () => undefined);
    await once(client, "close");
  });

  it("listens on 127.0.0.1 and at no other address of the host", async (context) => {
    const port = await forwarded(await guestServer((socket) => socket.end("guest")));
    assert.equal(await text(connect({ port, host: "127.0.0.1" })), "guest");
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    if (others.length === 0) context.diagnostic("the host has no address but loopback: only 127.0.0.2 is tried");
    for (const host of ["127.0.0.2", ...others.map(({ address }) => address)]) {
      await assert.rejects(once(connect({ port, host }), "connect"), { code: "ECONNREFUSED" }, host);
    }
  });

  it("names a port that somebody else has", async () => {
    const taken = await guestServer(() => undefined);
    await assert.rejects(
      openTcpForwarder(taken, () => null),
      (error) => isMvmError(error, "MVM_INGRESS_PORT_TAKEN") && error.message.includes(String(taken)),
    );
  });
});
