/**
 * A session with a VMM's control socket: greeting, capabilities, then commands with deadlines.
 *
 * QEMU serves one session at a time; others wait in the socket's queue. So sessions are short:
 * whoever opens one closes it. Used by the QEMU driver only.
 */
import type { Duplex } from "node:stream";
import { MvmError, isMvmError, type Clock } from "@mvm/core";
import type { UnixSockets } from "../../ports/unix-sockets.ts";
import { parseQmpLine, type QmpEvent, type QmpMessage } from "./message.ts";
import { withinLimit } from "../time-limit.ts";

const MAX_LINE_BYTES = 1024 * 1024;

export interface QmpOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  /** Deadline of each command and of the greeting. */
  readonly timeoutMs: number;
  readonly onEvent?: (event: QmpEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Qmp {
  /** @throws MvmError MVM_VM_DRIVER when QEMU refuses, stays silent or closes the socket */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

/** Waits for the greeting and leaves the negotiation. On failure the stream is destroyed. */
export async function openQmp(options: QmpOptions): Promise<Qmp> {
  const session = new QmpSession(options);
  try {
    await session.greeting();
    await session.execute("qmp_capabilities");
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

export interface QmpPorts {
  readonly clock: Clock;
  readonly sockets: UnixSockets;
}

/** A whole session with a VM that runs already. @throws MvmError MVM_VM_DRIVER */
export async function withQmp<T>(
  { clock, sockets }: QmpPorts,
  { path, timeoutMs }: { readonly path: string; readonly timeoutMs: number },
  body: (qmp: Qmp) => Promise<T>,
): Promise<T> {
  const stream = await sockets.connect(path, { timeoutMs });
  const qmp = await openQmp({ stream, clock, timeoutMs });
  try {
    return await body(qmp);
  } finally {
    qmp.close();
  }
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

class QmpSession implements Qmp {
  readonly #options: QmpOptions;
  readonly #waiting = new Map<number, Waiter>();
  readonly #greeting = Promise.withResolvers<undefined>();
  #buffered = Buffer.alloc(0);
  #nextId = 1;
  #ended: Error | null = null;

  constructor(options: QmpOptions) {
    this.#options = options;
    // Who waits for the greeting hears of it; nobody else has to.
    this.#greeting.promise.catch(() => undefined);
    options.stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    options.stream.on("error", () => undefined);
    options.stream.once("close", () => this.#end(closedError()));
  }

  greeting(): Promise<undefined> {
    return this.#limited(this.#greeting.promise, "its greeting");
  }

  async execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#ended !== null) throw this.#ended;
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject: (error) => reject(named(error, command)) });
    try {
      this.#options.stream.write(
        `${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\n`,
      );
      return await this.#limited(promise, command);
    } finally {
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#end(closedError());
    this.#options.stream.destroy();
  }

  #limited<T>(work: Promise<T>, what: string): Promise<T> {
    const { clock, timeoutMs, signal } = this.#options;
    const onLate = (): Error =>
      new MvmError("MVM_VM_DRIVER", {
        message: `the VMM did not answer ${what} within ${timeoutMs} ms`,
        retry: "backoff",
      });
    return withinLimit(clock, { timeoutMs, onLate, signal }, work);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended !== null) return;
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    try {
      for (let end = this.#buffered.indexOf(10); end >= 0; end = this.#buffered.indexOf(10)) {
        const line = this.#buffered.toString("utf8", 0, end).trim();
        this.#buffered = this.#buffered.subarray(end + 1);
        if (line !== "") this.#accept(parseQmpLine(line));
      }
      if (this.#buffered.length > MAX_LINE_BYTES)
        throw new MvmError("MVM_VM_DRIVER", {
          message: `the VMM's control socket sent a line of more than ${MAX_LINE_BYTES} bytes`,
        });
    } catch (error) {
      this.#end(error instanceof Error ? error : closedError());
      this.#options.stream.destroy();
    }
  }

  #accept(message: QmpMessage): void {
    switch (message.kind) {
      case "greeting":
        return this.#greeting.resolve(undefined);
      case "event":
        return this.#options.onEvent?.(message.event);
      case "return":
        return this.#waiting.get(message.id)?.resolve(message.value);
      case "error": {
        const refusal = new MvmError("MVM_VM_DRIVER", {
          message: "the VMM refused a command",
          details: { reason: message.reason },
        });
        const waiter = message.id === null ? undefined : this.#waiting.get(message.id);
        return waiter === undefined ? this.#end(refusal) : waiter.reject(refusal);
      }
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#greeting.reject(error);
    for (const waiter of this.#waiting.values()) waiter.reject(error);
    this.#waiting.clear();
  }
}

function closedError(): MvmError {
  return new MvmError("MVM_VM_DRIVER", { message: "the VMM closed its control socket", retry: "backoff" });
}

/** Whether QEMU understood a command and said no, so that nothing was done. */
export function isRefusal(error: unknown): boolean {
  return isMvmError(error, "MVM_VM_DRIVER") && typeof error.details["reason"] === "string";
}

/** The same error with the command's name in its message. */
function named(error: Error, command: string): Error {
  if (!(error instanceof MvmError)) return error;
  return new MvmError(error.code, {
    message: `${error.message} (${command})`,
    cause: error.cause,
    retry: error.retry,
    details: { ...error.details, command },
  });
}
