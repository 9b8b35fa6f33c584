/**
 * Listens with a fetch handler on a Unix socket that only root opens. A host adapter.
 *
 * The agent holds its state directory alone before it comes here, so a socket that still answers is
 * one of another state directory, and is refused; one that does not is a leftover, and is replaced.
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { MvmError } from "@mvm/core";

const SOCKET_UMASK = 0o177;

export interface UnixServer {
  /** Stops listening, ends what is under way and removes the socket. */
  close(): Promise<void>;
}

/** @throws MvmError MVM_AGENT_ALREADY_RUNNING, MVM_API_UNAVAILABLE when the path can't be listened on */
export async function listenOnSocket(
  path: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<UnixServer> {
  if (await isAnswered(path)) {
    throw new MvmError("MVM_AGENT_ALREADY_RUNNING", {
      message: `another agent answers on ${path}`,
      details: { socket: path },
    });
  }
  const server = createAdaptorServer({ fetch });
  try {
    await rm(path, { force: true });
    // Never open to others, not even between its making and a chmod.
    const umask = process.umask(SOCKET_UMASK);
    server.listen(path);
    process.umask(umask);
    await once(server, "listening");
  } catch (cause) {
    throw new MvmError("MVM_API_UNAVAILABLE", { message: `can't listen on ${path}`, cause, details: { socket: path } });
  }
  return {
    async close() {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", settle(true));
    socket.once("error", settle(false));
  });
}
