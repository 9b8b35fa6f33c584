/** Unix sockets by Node's net module: the host adapter of the port in vmm/ports/unix-sockets.ts. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { MvmError } from "@mvm/core";
import type { ConnectOptions, Inlet, UnixSockets } from "../vmm/ports/unix-sockets.ts";

export function createUnixSockets(): UnixSockets {
  return { connect: connectTo, openInlet };
}

function connectTo(path: string, { timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onAbort = (): void => fail(signal?.reason);
    const timer = setTimeout(() => fail(unreachable(path, `not within ${timeoutMs} ms`)), timeoutMs);
    // Stays for the connection's life: a broken one is seen by its user as closed.
    socket.on("error", (cause) => fail(unreachable(path, cause.message, cause)));
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}

async function openInlet(path: string, { maxBytes }: { readonly maxBytes: number }): Promise<Inlet> {
  const { promise: received, resolve, reject } = Promise.withResolvers<Buffer>();
  // Who opened it may have failed before it waits.
  received.catch(() => undefined);
  const server = createServer();
  const peers = new Set<Socket>();
  const close = (): void => {
    server.close();
    for (const peer of peers) peer.destroy();
    reject(new MvmError("MVM_VM_DRIVER", { message: `${path} was closed before all had come` }));
  };
  server.on("connection", (peer) => {
    peers.add(peer);
    peer.on("error", () => undefined);
    // One connection: what others say must not be mixed into it.
    if (peers.size > 1) peer.destroy();
    else collect(peer, { path, maxBytes, resolve, reject });
  });
  server.listen(path);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new MvmError("MVM_VM_DRIVER", { message: `can't listen at ${path}`, cause });
  }
  return { received, close };
}

interface Collecting {
  readonly path: string;
  readonly maxBytes: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

function collect(peer: Socket, { path, maxBytes, resolve, reject }: Collecting): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  peer.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    chunks.push(chunk);
    if (sizeBytes <= maxBytes) return;
    chunks.length = 0;
    reject(new MvmError("MVM_VM_DRIVER", { message: `more than ${maxBytes} bytes came over ${path}` }));
    peer.destroy();
  });
  peer.once("end", () => resolve(Buffer.concat(chunks)));
  peer.once("close", () => reject(new MvmError("MVM_VM_DRIVER", { message: `the connection to ${path} broke` })));
}

function unreachable(path: string, reason: string, cause?: unknown): MvmError {
  return new MvmError("MVM_VM_DRIVER", {
    message: `can't connect to ${path}`,
    cause,
    retry: "backoff",
    details: { path, reason },
  });
}
