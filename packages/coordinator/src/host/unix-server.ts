/**
 * Listens with a fetch handler on a Unix socket that only root opens. A host adapter.
 *
 * A socket file that nobody answers behind is a leftover and is replaced; one that somebody does is
 * another coordinator, and is refused.
 */
import { lstat, mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { createAdaptorServer, type ServerType } from "@hono/node-server";
import { isMvmError, messageOf, MvmError } from "@mvm/core";

const SOCKET_UMASK = 0o177;
const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 2000;

export interface UnixServer {
  /** Stops listening, lets answers under way end, and removes the socket. */
  close(): Promise<void>;
}

/** @throws MvmError MVM_COORDINATOR_ALREADY_RUNNING, MVM_API_UNAVAILABLE when the path can't be listened on */
export async function listenOnSocket(
  path: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<UnixServer> {
  const server = createAdaptorServer({ fetch, serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS } });
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await clearStaleSocket(path);
    await listen(server, path);
  } catch (cause) {
    if (isMvmError(cause)) throw cause;
    throw new MvmError("MVM_API_UNAVAILABLE", {
      message: `can't listen on ${path}: ${messageOf(cause)}`,
      cause,
      details: { socket: path },
    });
  }
  return { close: () => close(server) };
}

async function clearStaleSocket(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => null);
  if (facts === null) return;
  if (!facts.isSocket()) throw new Error("the path exists and is not a socket");
  if (await isAnswered(path)) {
    throw new MvmError("MVM_COORDINATOR_ALREADY_RUNNING", {
      message: `another server answers on ${path}`,
      details: { socket: path },
    });
  }
  await rm(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", settle(true));
    socket.once("error", settle(false));
  });
}

/** The socket is never open to others, not even between its making and a chmod. */
function listen(server: ServerType, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const umask = process.umask(SOCKET_UMASK);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function close(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    if (!("closeIdleConnections" in server)) return;
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
}
