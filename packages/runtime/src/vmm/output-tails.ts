/**
 * What running VMs say without being asked, one connection and one bounded ring each: guests' consoles, or
 * the logs of VMMs whose guests have none.
 *
 * QEMU drops what a guest prints while nobody is connected, so its driver connects before the guest's
 * first instruction; every driver connects again when it adopts a VM. Owned by a driver, closed with it.
 */
import type { Duplex } from "node:stream";
import { OutputRing } from "./output-ring.ts";
import type { UnixSockets } from "./ports/unix-sockets.ts";

export const OUTPUT_TAIL_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 2_000;

export interface HeardOutput {
  /** Resolves with the first byte since the connection. */
  readonly firstByte: Promise<unknown>;
  /** Resolves when the VMM has closed its end. */
  readonly closed: Promise<unknown>;
}

interface Tap extends HeardOutput {
  readonly stream: Duplex;
  readonly ring: OutputRing;
}

export class OutputTails {
  readonly #sockets: Pick<UnixSockets, "connect">;
  /** By the path of the console's socket or the log's pipe, which names a VM on this host. */
  readonly #taps = new Map<string, Tap>();

  constructor(sockets: Pick<UnixSockets, "connect">) {
    this.#sockets = sockets;
  }

  /** Connects unless connected already; what was heard before is kept. @throws MvmError MVM_VM_DRIVER */
  async open(path: string): Promise<HeardOutput> {
    const known = this.#taps.get(path);
    if (known !== undefined && !known.stream.destroyed) return known;
    const stream = await this.#sockets.connect(path, { timeoutMs: CONNECT_TIMEOUT_MS });
    const tap = tapOf(stream, known?.ring ?? new OutputRing(OUTPUT_TAIL_BYTES));
    this.#taps.set(path, tap);
    return tap;
  }

  tail(path: string): Buffer {
    return this.#taps.get(path)?.ring.bytes() ?? Buffer.alloc(0);
  }

  /** Ends the connection and forgets what was heard. */
  forget(path: string): void {
    this.#taps.get(path)?.stream.destroy();
    this.#taps.delete(path);
  }

  close(): void {
    for (const path of [...this.#taps.keys()]) this.forget(path);
  }
}

function tapOf(stream: Duplex, ring: OutputRing): Tap {
  const [first, end] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  stream.on("data", (chunk: Buffer) => {
    ring.add(chunk);
    first.resolve(undefined);
  });
  stream.on("error", () => undefined);
  stream.on("end", () => stream.destroy());
  stream.once("close", () => end.resolve(undefined));
  return { stream, ring, firstByte: first.promise, closed: end.promise };
}
