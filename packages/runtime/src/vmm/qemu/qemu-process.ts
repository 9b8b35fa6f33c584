/**
 * A QEMU process on its way up: started stopped, then answering on its control socket. Keeps what
 * QEMU says on standard error until its guest shows life, to explain a failure.
 */
import { MvmError, type Clock, type ProcessRef, type Processes } from "@mvm/core";
import type { UnixSockets } from "../ports/unix-sockets.ts";
import type { Argv } from "./argv.ts";
import type { QmpEvent } from "./qmp/message.ts";
import { openQmp, type Qmp } from "./qmp/session.ts";

/** From the process's start until it answers on its control socket; tens of milliseconds when idle. */
const CONTROL_TIMEOUT_MS = 30_000;
const CONNECT_RETRY_MS = 5;
const STDERR_CHARS = 4_000;

export interface QemuProcessPorts {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly sockets: UnixSockets;
}

export interface QemuProcess {
  readonly ref: ProcessRef;
  /** QEMU's first messages, bounded; whole once `silent` has resolved. */
  messages(): string;
  readonly silent: Promise<unknown>;
  /** Stops listening to QEMU's standard error, whose writes then go nowhere: a guest may provoke them. */
  letGo(): void;
}

export async function startQemu({ processes }: QemuProcessPorts, argv: Argv): Promise<QemuProcess> {
  const listening = new AbortController();
  const { promise: silent, resolve } = Promise.withResolvers<undefined>();
  const onEnd = (): void => resolve(undefined);
  let text = "";
  const onText = (more: string): void => {
    text = (text + more).slice(0, STDERR_CHARS);
  };
  const ref = await processes.spawnDetached({ argv, stderrTap: { onText, onEnd, until: listening.signal } });
  return { ref, messages: () => text.trim(), silent, letGo: () => listening.abort() };
}

export interface ControlRequest {
  readonly path: string;
  readonly onEvent: (event: QmpEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The control socket's session. QEMU greets only once it has given up its rights and waits.
 * @throws MvmError MVM_VM_DRIVER when the process ends first or stays silent
 */
export async function controlOf(ports: QemuProcessPorts, qemu: QemuProcess, request: ControlRequest): Promise<Qmp> {
  const { clock, processes, sockets } = ports;
  const { path, onEvent, signal } = request;
  const deadline = clock.monotonicMs() + CONTROL_TIMEOUT_MS;
  const leftMs = (): number => Math.max(1, deadline - clock.monotonicMs());
  for (;;) {
    signal?.throwIfAborted();
    const stream = await sockets.connect(path, { timeoutMs: leftMs() }).catch(() => null);
    if (stream !== null) return openQmp({ stream, clock, timeoutMs: leftMs(), onEvent, signal });
    if (!(await processes.isAlive(qemu.ref))) throw endedError();
    if (clock.monotonicMs() >= deadline)
      throw new MvmError("MVM_VM_DRIVER", { message: `QEMU made no control socket within ${CONTROL_TIMEOUT_MS} ms` });
    await clock.sleep(CONNECT_RETRY_MS, signal);
  }
}

export function endedError(cause?: unknown): MvmError {
  return new MvmError("MVM_VM_DRIVER", { message: "QEMU ended before its guest showed life", cause });
}
