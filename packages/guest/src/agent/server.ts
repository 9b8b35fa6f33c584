/**
 * Serves the guest channel on one byte stream: reads requests a line at a time, runs the method,
 * answers in the order of completion. Started by main.ts for the virtio-serial port and for each
 * connection of the unix socket.
 *
 * It outlives whatever arrives: a line that is no request is answered with an error, and a method
 * that throws with a refusal. It must never answer with a line that the host has to refuse.
 */
import type { Duplex } from "node:stream";
import type { Logger } from "@mvm/core";
import { messageOf } from "@mvm/core";
import {
  decodeRequest,
  encodeError,
  encodeResult,
  rpcErrors,
  type RequestFrame,
  type RpcError,
} from "../protocol/frames.ts";
import { MAX_LINE_BYTES, MAX_REQUESTS_IN_FLIGHT } from "../protocol/limits.ts";
import { LineSplitter } from "../protocol/line-splitter.ts";
import {
  isGuestMethod,
  guestMethods,
  type CheckedParams,
  type GuestMethod,
  type GuestResult,
} from "../protocol/methods.ts";
import { GuestRefusal } from "./guest-refusal.ts";

/** What the guest does for each method; parameters arrive checked. */
export type GuestService = {
  readonly [M in GuestMethod]: (params: CheckedParams<M>) => Promise<GuestResult<M>>;
};

export interface ServeOptions {
  readonly stream: Duplex;
  readonly service: GuestService;
  readonly log: Logger;
}

/** Serves until the stream ends. Never rejects. */
export function serveGuest({ stream, service, log }: ServeOptions): Promise<void> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  let inFlight = 0;

  const answer = (line: Buffer): void => {
    if (stream.writable) stream.write(line);
  };

  const refuse = (id: string | null, error: RpcError): void => answer(encodeError(id, error));

  const take = async (bytes: Buffer): Promise<void> => {
    const request = decodeRequest(bytes);
    if (request === null) {
      refuse(null, { code: rpcErrors.invalidRequest, message: "the line is no request" });
      return;
    }
    if (inFlight >= MAX_REQUESTS_IN_FLIGHT) {
      refuse(request.id, { code: rpcErrors.busy, message: `${inFlight} requests are under way` });
      return;
    }
    inFlight += 1;
    try {
      answer(await answerTo(request, service, log));
    } finally {
      inFlight -= 1;
    }
  };

  return new Promise((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) {
        if (line.kind === "line") void take(line.bytes);
        else if (line.kind === "too-long")
          refuse(null, { code: rpcErrors.invalidRequest, message: `a line is longer than ${MAX_LINE_BYTES} bytes` });
      }
    });
    stream.on("error", (error) => log.warn("guest.channel.broken", { error: messageOf(error) }));
    stream.on("end", () => stream.end());
    stream.on("close", resolve);
  });
}

async function answerTo(request: RequestFrame, service: GuestService, log: Logger): Promise<Buffer> {
  const { id, method } = request;
  if (!isGuestMethod(method)) {
    return encodeError(id, { code: rpcErrors.unknownMethod, message: `there is no method ${method}` });
  }
  try {
    const line = encodeResult(id, await perform(service, method, request.params ?? {}));
    return line ?? encodeError(id, { code: rpcErrors.internal, message: "the answer is longer than a line may be" });
  } catch (error) {
    if (!(error instanceof GuestRefusal)) log.error("guest.method.failed", { method, error: messageOf(error) });
    return encodeError(id, refusalOf(error));
  }
}

async function perform<M extends GuestMethod>(service: GuestService, method: M, params: unknown): Promise<unknown> {
  const checked = guestMethods[method].params.safeParse(params);
  if (!checked.success) throw new GuestRefusal(rpcErrors.invalidParams, checked.error.message);
  return service[method](checked.data);
}

function refusalOf(error: unknown): RpcError {
  return { code: error instanceof GuestRefusal ? error.code : rpcErrors.internal, message: messageOf(error) };
}
