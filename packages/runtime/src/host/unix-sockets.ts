/** Unix sockets by Node's net module: the host adapter of the port in vmm/unix-sockets.ts. */
import { connect, type Socket } from "node:net";
import { MvmError } from "@mvm/core";
import type { ConnectOptions, UnixSockets } from "../vmm/unix-sockets.ts";

export function createUnixSockets(): UnixSockets {
  return { connect: connectTo };
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

function unreachable(path: string, reason: string, cause?: unknown): MvmError {
  return new MvmError("MVM_VM_DRIVER", {
    message: `can't connect to ${path}`,
    cause,
    retry: "backoff",
    details: { path, reason },
  });
}
