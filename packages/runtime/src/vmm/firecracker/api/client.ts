/**
 * A client of one VM's Firecracker API. Used by this driver only; holds no connection.
 *
 * A VMM that a guest broke out of may answer anything: answers are capped, have deadlines, and what is not
 * part of the API is an error.
 */
import { MvmError, type Clock } from "@mvm/core";
import * as z from "zod";
import type { UnixHttp, UnixHttpAnswer } from "../../ports/unix-http.ts";
import type { ApiRequest } from "./requests.ts";
import type { InstanceInfo } from "./types.ts";

/** Firecracker serves one request at a time, each within a second but for snapshots; with room for a busy host. */
const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** The socket's file is there before it accepts. */
const CONNECT_RETRY_MS = 5;
const FAULT_CHARS = 1_000;

const Info: z.ZodType<InstanceInfo> = z.object({
  app_name: z.string(),
  id: z.string(),
  state: z.enum(["Not started", "Running", "Paused"]),
  vmm_version: z.string(),
});
/** Firecracker's own refusals carry the first, its HTTP server's the second. */
const Fault = z.union([
  z.object({ fault_message: z.string() }).transform(({ fault_message }) => fault_message),
  z.object({ error: z.string() }).transform(({ error }) => error),
]);

export interface CallOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FirecrackerApi {
  /** @throws MvmError MVM_VM_DRIVER */
  info(options?: CallOptions): Promise<InstanceInfo>;
  /** Carries out a change. @throws MvmError MVM_VM_DRIVER with Firecracker's reason */
  send(request: ApiRequest, options?: CallOptions): Promise<void>;
  /**
   * Waits until the API answers for the first time.
   * @param isOver asked between attempts: whether there is nothing to wait for any more
   * @throws MvmError MVM_VM_DRIVER
   */
  ready(options: CallOptions & { readonly isOver: () => Promise<boolean> }): Promise<InstanceInfo>;
}

export function firecrackerApi(http: UnixHttp, clock: Clock, socketPath: string): FirecrackerApi {
  const exchange = (
    request: { readonly method: "GET" | "PUT" | "PATCH"; readonly path: string; readonly body?: unknown },
    { timeoutMs = TIMEOUT_MS, signal }: CallOptions,
  ): Promise<UnixHttpAnswer | null> =>
    http.exchange({ ...request, socketPath, timeoutMs, signal, maxBytes: MAX_ANSWER_BYTES });

  async function ask(options: CallOptions): Promise<InstanceInfo | null> {
    const answer = await exchange({ method: "GET", path: "/" }, options);
    if (answer === null) return null;
    const info = answer.status === 200 ? Info.safeParse(parseJson(answer.text)) : null;
    if (info?.success !== true) throw unexpected("GET /", answer);
    return info.data;
  }

  return {
    async info(options = {}) {
      const info = await ask(options);
      if (info === null) throw nobody("GET /");
      return info;
    },
    async send({ method, path, body }, options = {}) {
      const what = `${method} ${path}`;
      const answer = await exchange({ method, path, body }, options);
      if (answer === null) throw nobody(what);
      if (answer.status === 204 && answer.text === "") return;
      const fault = answer.status >= 400 ? Fault.safeParse(parseJson(answer.text)) : null;
      if (fault?.success !== true) throw unexpected(what, answer);
      const reason = fault.data.slice(0, FAULT_CHARS);
      throw new MvmError("MVM_VM_DRIVER", {
        message: `Firecracker refused ${what}: ${reason}`,
        details: { request: what, status: answer.status, reason },
      });
    },
    async ready({ isOver, timeoutMs = TIMEOUT_MS, signal }) {
      const deadline = clock.monotonicMs() + timeoutMs;
      for (;;) {
        const info = await ask({ timeoutMs: Math.max(1, deadline - clock.monotonicMs()), signal });
        if (info !== null) return info;
        if (await isOver())
          throw new MvmError("MVM_VM_DRIVER", { message: "Firecracker ended before its API answered" });
        if (clock.monotonicMs() >= deadline)
          throw new MvmError("MVM_VM_DRIVER", { message: `Firecracker's API did not answer within ${timeoutMs} ms` });
        await clock.sleep(CONNECT_RETRY_MS, signal);
      }
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function nobody(what: string): MvmError {
  return new MvmError("MVM_VM_DRIVER", { message: `${what}: nobody listens on Firecracker's API socket` });
}

function unexpected(what: string, { status, text }: UnixHttpAnswer): MvmError {
  return new MvmError("MVM_VM_DRIVER", {
    message: `${what} was answered with something that is not part of Firecracker's API`,
    details: { request: what, status, text: text.slice(0, 200) },
  });
}
