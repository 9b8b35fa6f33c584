/** Listens on a unix socket and hands each connection on; for a bridge that carries vsock to it. */
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";

/** The socket is made anew, for root only. Rejects when it can't be. */
export async function listenOnUnixSocket(path: string, serve: (stream: Duplex) => void): Promise<Server> {
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, serve);
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(umask);
  }
  return server;
}
