/** HTTP over a Unix socket by core's exchange: the host adapter of the port in vmm/ports/unix-http.ts. */
import { exchangeOverUnix, isMvmError, messageOf, MvmError } from "@mvm/core";
import type { UnixHttp, UnixHttpAnswer, UnixHttpRequest } from "../vmm/ports/unix-http.ts";

/** No socket; nobody who listens on it. */
const NOBODY_CODES: ReadonlySet<unknown> = new Set(["ENOENT", "ECONNREFUSED"]);

export function createUnixHttp(): UnixHttp {
  return { exchange };
}

async function exchange(request: UnixHttpRequest): Promise<UnixHttpAnswer | null> {
  const { socketPath, method, path, body, maxBytes, signal: caller } = request;
  const timeoutMs = Math.ceil(request.timeoutMs);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await exchangeOverUnix({
      ...{ socketPath, method, path, body, maxBytes },
      signal: caller === undefined ? deadline : AbortSignal.any([deadline, caller]),
      tooLong: () => new MvmError("MVM_VM_DRIVER", { message: `an answer is longer than ${maxBytes} bytes` }),
    });
  } catch (error) {
    caller?.throwIfAborted();
    if (isMvmError(error)) throw error;
    if (error instanceof Error && "code" in error && NOBODY_CODES.has(error.code)) return null;
    const why = deadline.aborted ? `was not answered within ${timeoutMs} ms` : `broke off: ${messageOf(error)}`;
    throw new MvmError("MVM_VM_DRIVER", { message: `${method} ${path} ${why}`, cause: error });
  }
}
