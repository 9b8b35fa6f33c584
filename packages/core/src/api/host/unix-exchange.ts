/** One HTTP exchange with JSON over a Unix socket, by node:http. A host adapter; used by the clients of sockets. */
import { request as httpRequest, type IncomingMessage } from "node:http";

export interface UnixExchange {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  /** Sent as JSON; undefined: no body. */
  readonly body: unknown;
  /** The most that is read of an answer. */
  readonly maxBytes: number;
  /** Made and thrown when an answer is longer. */
  readonly tooLong: () => Error;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws Error of node:http, such as ENOENT without a socket; the request's own when the answer is too long */
export function exchangeOverUnix(request: UnixExchange): Promise<{ readonly status: number; readonly text: string }> {
  const { socketPath, method, path, body, signal } = request;
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const json = payload === null ? {} : { "content-type": "application/json", "content-length": payload.length };
  const headers = { ...request.headers, ...json };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method, path, signal, headers, agent: false }, (answer) => {
      readCapped(answer, request).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    outgoing.on("error", reject);
    outgoing.end(payload ?? undefined);
  });
}

async function readCapped(
  answer: IncomingMessage,
  { maxBytes, tooLong }: Pick<UnixExchange, "maxBytes" | "tooLong">,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > maxBytes) throw tooLong();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
