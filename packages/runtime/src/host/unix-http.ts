/** HTTP over a Unix socket by node:http: the host adapter of the port in vmm/ports/unix-http.ts. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { isMvmError, messageOf, MvmError } from "@mvm/core";
import type { UnixHttp, UnixHttpAnswer, UnixHttpRequest } from "../vmm/ports/unix-http.ts";

/** No socket; nobody who listens on it. */
const NOBODY_CODES: ReadonlySet<unknown> = new Set(["ENOENT", "ECONNREFUSED"]);

export function createUnixHttp(): UnixHttp {
  return { exchange };
}

async function exchange(request: UnixHttpRequest): Promise<UnixHttpAnswer | null> {
  const { method, path, signal: caller } = request;
  const timeoutMs = Math.ceil(request.timeoutMs);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await send(request, caller === undefined ? deadline : AbortSignal.any([deadline, caller]));
  } catch (error) {
    caller?.throwIfAborted();
    if (isMvmError(error)) throw error;
    if (error instanceof Error && "code" in error && NOBODY_CODES.has(error.code)) return null;
    const why = deadline.aborted ? `was not answered within ${timeoutMs} ms` : `broke off: ${messageOf(error)}`;
    throw new MvmError("MVM_VM_DRIVER", { message: `${method} ${path} ${why}`, cause: error });
  }
}

function send(request: UnixHttpRequest, signal: AbortSignal): Promise<UnixHttpAnswer> {
  const { socketPath, method, path, body, maxBytes } = request;
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const headers = payload === null ? {} : { "content-type": "application/json", "content-length": payload.length };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method, path, signal, headers, agent: false }, (answer) => {
      readCapped(answer, maxBytes).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    outgoing.on("error", reject);
    outgoing.end(payload ?? undefined);
  });
}

async function readCapped(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > maxBytes) throw new MvmError("MVM_VM_DRIVER", { message: `an answer is longer than ${maxBytes} bytes` });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
