/**
 * JSON-RPC 2.0 frames, one to a line: how a request, an answer and a refusal look, and how a line
 * becomes one of them. Pure; used by both sides. A frame that breaks the shape is null, never an
 * exception, so that neither side can be thrown by what the other one sends.
 */
import * as z from "zod";
import { MAX_LINE_BYTES } from "./limits.ts";

/** The codes of JSON-RPC, and this channel's own below -32000. */
export const rpcErrors = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Too many requests at a time. */
  busy: -32001,
  /** What was asked for is not up yet; the same request may succeed later. */
  notReady: -32002,
  /** No version of the protocol in common. */
  version: -32003,
  /** The guest can't do it; asking again changes nothing. */
  refused: -32004,
} as const;
export type RpcErrorCode = (typeof rpcErrors)[keyof typeof rpcErrors];

const RequestId = z.string().min(1).max(64);

export const RequestFrame = z.object({
  jsonrpc: z.literal("2.0"),
  id: RequestId,
  method: z.string().min(1).max(64),
  params: z.unknown().optional(),
});
export type RequestFrame = z.infer<typeof RequestFrame>;

export const RpcError = z.object({
  code: z.int().min(-33_000).max(33_000),
  message: z.string().max(4000),
});
export type RpcError = z.infer<typeof RpcError>;

const ResultFrame = z.object({ jsonrpc: z.literal("2.0"), id: RequestId, result: z.unknown() });
const ErrorFrame = z.object({ jsonrpc: z.literal("2.0"), id: RequestId.nullable(), error: RpcError });

export type ResponseFrame =
  | { readonly kind: "result"; readonly id: string; readonly result: unknown }
  | { readonly kind: "error"; readonly id: string | null; readonly error: RpcError };

/** The request on a line, or null. */
export function decodeRequest(line: Buffer): RequestFrame | null {
  const decoded = RequestFrame.safeParse(parseJson(line));
  return decoded.success ? decoded.data : null;
}

/** The answer or refusal on a line, or null. */
export function decodeResponse(line: Buffer): ResponseFrame | null {
  const value = parseJson(line);
  if (!isObject(value)) return null;
  if ("error" in value) {
    const decoded = ErrorFrame.safeParse(value);
    return decoded.success ? { kind: "error", id: decoded.data.id, error: decoded.data.error } : null;
  }
  const decoded = ResultFrame.safeParse(value);
  return decoded.success ? { kind: "result", id: decoded.data.id, result: decoded.data.result } : null;
}

/** A request as the line that carries it, newline included; null when it is too long. */
export function encodeRequest(request: { id: string; method: string; params: unknown }): Buffer | null {
  return encodeLine({ jsonrpc: "2.0", ...request });
}

/** An answer as the line that carries it; null when it is too long. */
export function encodeResult(id: string, result: unknown): Buffer | null {
  return encodeLine({ jsonrpc: "2.0", id, result });
}

/** A refusal as the line that carries it; the message is cut to what the other side takes. */
export function encodeError(id: string | null, error: RpcError): Buffer {
  const line = encodeLine({ jsonrpc: "2.0", id, error: { code: error.code, message: error.message.slice(0, 4000) } });
  return line ?? Buffer.from("\n");
}

function encodeLine(frame: object): Buffer | null {
  const line = Buffer.from(`${JSON.stringify(frame)}\n`);
  return line.length > MAX_LINE_BYTES + 1 ? null : line;
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
