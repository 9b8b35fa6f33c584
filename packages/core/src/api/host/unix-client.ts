/**
 * JSON over HTTP on a Unix socket: the one client behind the CLI and the agent. A host adapter.
 *
 * Every call has a deadline and a cap on what it reads, and every answer is checked by its route's
 * schema. One connection a call: nothing is shared, so nothing has to be closed.
 */
import type * as z from "zod";
import { isMvmError, messageOf, MvmError } from "../../errors/mvm-error.ts";
import { errorFromBody } from "../error-body.ts";
import { routePath, type ApiRoute } from "../route.ts";
import { exchangeOverUnix } from "./unix-exchange.ts";

/** What a call gives: path parameters, and query and body where the route has them. */
export interface ApiCall<Query extends z.ZodType, Body extends z.ZodType | null> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.input<Query>;
  readonly body?: Body extends z.ZodType ? z.input<Body> : never;
  /** From the first byte sent to the last one read; default the route's. Longer than `wait_ms` where one is given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface UnixClient {
  /**
   * Calls a route.
   * @throws MvmError the server's own error; MVM_API_UNAVAILABLE (no socket, no answer in time),
   *   MVM_HOST_NOT_ROOT (socket may not be opened), MVM_API_REFUSED (an answer that breaks the schema or the cap);
   *   the signal's reason when it was aborted
   */
  call<Query extends z.ZodType, Body extends z.ZodType | null, Answer extends z.ZodType>(
    route: ApiRoute<Query, Body, Answer>,
    call?: ApiCall<Query, Body>,
  ): Promise<z.output<Answer>>;
}

/** A client of the server behind `socketPath`; connects at each call, not before. */
export function unixClient(socketPath: string): UnixClient {
  return {
    async call(route, call = {}) {
      const timeoutMs = call.timeoutMs ?? route.timeoutMs;
      const deadline = AbortSignal.timeout(timeoutMs);
      const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
      const path = routePath(route.path, call.params ?? {}) + queryString(call.query);
      try {
        const maxBytes = route.maxAnswerBytes;
        const { status, text } = await exchangeOverUnix({
          socketPath,
          signal,
          path,
          method: route.method,
          body: call.body,
          headers: { host: "mvm" },
          maxBytes,
          tooLong: () =>
            new MvmError("MVM_API_REFUSED", {
              message: `the server's answer is larger than ${maxBytes} bytes`,
              details: { maxBytes },
            }),
        });
        const body = parseJson(text, `${route.method} ${path}`);
        if (status < 200 || status > 299) throw errorFromBody(status, body);
        return checked(route.answer, body, `${route.method} ${path}`);
      } catch (error) {
        if (isMvmError(error)) throw error;
        call.signal?.throwIfAborted();
        throw unavailable(error, { socketPath, timedOut: deadline.aborted, timeoutMs });
      }
    },
  };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MvmError("MVM_API_REFUSED", { message: `the answer to ${what} is not JSON`, cause });
  }
}

function checked<Answer extends z.ZodType>(schema: Answer, body: unknown, what: string): z.output<Answer> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined ? "" : ` at ${issue.path.join(".")}: ${issue.message}`;
  throw new MvmError("MVM_API_REFUSED", {
    message: `the answer to ${what} breaks its schema${place}`,
    cause: parsed.error,
  });
}

/** `?a=1&b=2` of a query's members that are there; empty when none is. */
function queryString(query: unknown): string {
  if (typeof query !== "object" || query === null) return "";
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.append(name, String(value));
  }
  return search.size === 0 ? "" : `?${search.toString()}`;
}

function unavailable(
  cause: unknown,
  facts: { readonly socketPath: string; readonly timedOut: boolean; readonly timeoutMs: number },
): MvmError {
  const { socketPath, timedOut, timeoutMs } = facts;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    return new MvmError("MVM_HOST_NOT_ROOT", {
      message: `the socket ${socketPath} may not be opened by this user`,
      cause,
      details: { socket: socketPath },
    });
  }
  const why = timedOut
    ? `did not answer within ${timeoutMs} ms`
    : code === "ENOENT" || code === "ECONNREFUSED"
      ? "has no server behind it"
      : `broke off: ${messageOf(cause)}`;
  return new MvmError("MVM_API_UNAVAILABLE", {
    message: `the socket ${socketPath} ${why}`,
    cause,
    retry: "backoff",
    details: { socket: socketPath },
  });
}
