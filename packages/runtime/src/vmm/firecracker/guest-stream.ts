/**
 * Byte streams to guests over Firecracker's vsock: a Unix socket that is asked for a port of the guest by
 * one line, `CONNECT <port>`, and answers `OK <number>` once the guest has taken the connection.
 */
import type { Duplex } from "node:stream";
import { MvmError, type Clock } from "@mvm/core";
import type { UnixSockets } from "../ports/unix-sockets.ts";

/** Where the guest channel listens in every guest (design §7). */
const GUEST_PORT = 10_500;
/** Firecracker gives up after two seconds without the guest's answer; a paused one never answers. */
const LONGEST_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 32;
const NEWLINE = 0x0a;

export interface GuestStreamPorts {
  readonly clock: Clock;
  readonly sockets: UnixSockets;
}

/** @throws MvmError MVM_VM_DRIVER when the guest does not take the connection */
export async function openGuestPort(
  { clock, sockets }: GuestStreamPorts,
  socketPath: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<Duplex> {
  const timeoutMs = Math.min(options.timeoutMs ?? LONGEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS);
  const stream = await sockets.connect(socketPath, { timeoutMs });
  const settled = new AbortController();
  const late = clock.sleep(timeoutMs, settled.signal).then(() => {
    throw refused(`did not answer within ${timeoutMs} ms`);
  });
  try {
    // In one piece: Firecracker drops half a line.
    stream.write(`CONNECT ${GUEST_PORT}\n`);
    const answer = await Promise.race([firstLine(stream), late]);
    if (!/^OK \d+$/.test(answer)) throw refused(`was answered with '${answer}'`);
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    settled.abort();
    late.catch(() => undefined);
  }
}

/** What comes after the line stays in the stream. */
function firstLine(stream: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      stream.off("readable", onReadable).off("end", onClose).off("close", onClose);
    };
    const onClose = (): void => {
      settle();
      reject(refused("was closed by the guest, or nobody listens there"));
    };
    const onReadable = (): void => {
      const chunk: unknown = stream.read();
      if (!Buffer.isBuffer(chunk)) return;
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf(NEWLINE);
      if (end < 0 && seen.length <= MAX_ANSWER_BYTES) return;
      settle();
      if (end < 0) {
        reject(refused("was answered with something else than a line"));
        return;
      }
      if (seen.length > end + 1) stream.unshift(seen.subarray(end + 1));
      resolve(seen.toString("latin1", 0, end));
    };
    // One that is closed without an answer ends first.
    stream.on("readable", onReadable).on("end", onClose).on("close", onClose);
  });
}

function refused(fact: string): MvmError {
  return new MvmError("MVM_VM_DRIVER", {
    message: `a connection to the guest's port ${GUEST_PORT} ${fact}`,
    retry: "backoff",
  });
}
