/**
 * Serves HTTP on a Unix socket that only root opens. A host adapter; both servers' APIs lie behind it.
 *
 * A socket file that nobody answers behind is a leftover and is replaced; one that somebody does is
 * another server, and is refused; anything else at the path is somebody's file, and is left alone.
 */
import { lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { ErrorCode } from "../../errors/catalogue.ts";
import { isMvmError, messageOf, MvmError } from "../../errors/mvm-error.ts";

const SOCKET_UMASK = 0o177;
const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 2000;

export interface SocketRequest {
  readonly path: string;
  /** Answers every request; what it returns is not waited for. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** What it means that somebody answers there already. */
  readonly takenCode: ErrorCode;
}

export interface UnixServer {
  /** Stops listening, lets answers under way end, and removes the socket. */
  close(): Promise<void>;
}

/** @throws MvmError `takenCode`, MVM_API_UNAVAILABLE when the path can't be listened on */
export async function listenOnSocket(request: SocketRequest): Promise<UnixServer> {
  const { path } = request;
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS },
    (asked, answer) => void request.listener(asked, answer),
  );
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await clearStaleSocket(request);
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

async function clearStaleSocket({ path, takenCode }: SocketRequest): Promise<void> {
  const facts = await lstat(path).catch(() => null);
  if (facts === null) return;
  if (!facts.isSocket()) throw new Error("the path exists and is not a socket");
  if (await isAnswered(path)) {
    throw new MvmError(takenCode, {
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
function listen(server: Server, path: string): Promise<void> {
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

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
}
