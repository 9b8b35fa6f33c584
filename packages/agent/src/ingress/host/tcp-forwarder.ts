/**
 * Forwards TCP connections of one loopback port to a guest. A host adapter; looks at no byte.
 *
 * Each side's end of stream is passed on by itself, each side's slowness slows the other, and one
 * side's failure ends both.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { MvmError } from "@mvm/core";
import type { Forwarder, ForwardTarget, OpenForwarder } from "../ingress.ts";

const LOOPBACK = "127.0.0.1";
/** Connections of one instance at a time; more are closed at once. */
const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 10_000;

export const openTcpForwarder: OpenForwarder = async (port, target) => {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const to = target();
    if (to === null || open.size >= MAX_CONNECTIONS) client.destroy();
    else forward(client, to, open);
  });
  await listen(server, port);
  return forwarderOver(server, open);
};

function forward(client: Socket, to: ForwardTarget, open: Set<Socket>): void {
  const guest = connect({ ...to, allowHalfOpen: true, noDelay: true });
  guest.setTimeout(CONNECT_TIMEOUT_MS, () => guest.destroy());
  guest.once("connect", () => {
    guest.setTimeout(0);
    client.pipe(guest);
    guest.pipe(client);
  });
  open.add(client);
  client.once("close", () => {
    open.delete(client);
    guest.destroy();
  });
  guest.once("close", () => client.destroySoon());
  // The other side's `close` follows every error; there is nothing to say to either.
  client.on("error", () => undefined);
  guest.on("error", () => client.destroy());
}

function forwarderOver(server: Server, open: Set<Socket>): Forwarder {
  return {
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ host: LOOPBACK, port, exclusive: true });
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new MvmError("MVM_INGRESS_PORT_TAKEN", {
      message: `can't listen on ${LOOPBACK}:${port}: ${cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE" ? "it is in use" : String(cause)}`,
      cause,
      retry: "backoff",
      details: { port },
    });
  }
}
