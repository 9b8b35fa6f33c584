/**
 * Byte streams to guests, one each: a guest's agent speaks with one host, so the newest stream replaces
 * the one before (QEMU's virtio-serial port takes no second one at all). Owned by a driver.
 */
import type { Duplex } from "node:stream";
import type { UnixSockets } from "./ports/unix-sockets.ts";

const CONNECT_TIMEOUT_MS = 2_000;

export class GuestStreams {
  readonly #sockets: Pick<UnixSockets, "connect">;
  /** By the socket's path; the newest only. */
  readonly #streams = new Map<string, Duplex>();

  constructor(sockets: Pick<UnixSockets, "connect">) {
    this.#sockets = sockets;
  }

  /** @throws MvmError MVM_VM_DRIVER */
  async open(path: string): Promise<Duplex> {
    this.forget(path);
    const stream = await this.#sockets.connect(path, { timeoutMs: CONNECT_TIMEOUT_MS });
    // Another caller was faster: the newest wins.
    this.forget(path);
    this.#streams.set(path, stream);
    stream.once("close", () => {
      if (this.#streams.get(path) === stream) this.#streams.delete(path);
    });
    return stream;
  }

  forget(path: string): void {
    this.#streams.get(path)?.destroy();
    this.#streams.delete(path);
  }

  close(): void {
    for (const path of [...this.#streams.keys()]) this.forget(path);
  }
}
