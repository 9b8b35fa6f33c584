/**
 * One control connection to the gateway of this guest: handshake, calls with deadlines, events.
 * Opened and watched by the gateway's handler; when it is gone it stays gone.
 */
import type { Clock } from "@mvm/core";
import { messageOf, withDeadline } from "@mvm/core";
import type * as z from "zod";
import { GuestRefusal } from "../../agent/guest-refusal.ts";
import { rpcErrors } from "../../protocol/frames.ts";
import { AGENT_VERSION } from "../../protocol/agent-version.ts";
import { connectParams, decodeGatewayFrame, HelloOk, type GatewayResponse } from "./gateway-frames.ts";
import type { GatewayEndpoint, GatewaySocket, OpenGatewaySocket } from "./gateway-socket.ts";

/** Long, because an emulated gateway answers fifteen times slower. */
const CALL_TIMEOUT_MS = 60_000;

export interface GatewayControlParts {
  readonly openSocket: OpenGatewaySocket;
  readonly clock: Clock;
  readonly endpoint: GatewayEndpoint;
  readonly token: string;
  readonly onEvent: (event: string) => void;
}

interface Waiting {
  readonly answered: (response: GatewayResponse) => void;
  readonly failed: (error: Error) => void;
}

export class GatewayControl {
  readonly #clock: Clock;
  readonly #onEvent: (event: string) => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #gone = Promise.withResolvers<string>();
  readonly #challenged = Promise.withResolvers<null>();
  #socket: GatewaySocket | null = null;
  #calls = 0;
  #open = true;
  #heardAtMs: number;

  private constructor(clock: Clock, onEvent: (event: string) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#heardAtMs = clock.monotonicMs();
  }

  /** Connects and waits for the gateway's hello. Rejects with why it was not admitted. */
  static async open(parts: GatewayControlParts): Promise<{ control: GatewayControl; gatewayVersion: string }> {
    const control = new GatewayControl(parts.clock, parts.onEvent);
    control.#socket = await parts.openSocket(parts.endpoint, {
      message: (text) => control.#receive(text),
      closed: (reason) => control.#end(reason),
    });
    try {
      await control.#within("its challenge", () =>
        Promise.race([control.#challenged.promise, control.#closedAsError()]),
      );
      const hello = await control.call("connect", connectParams(parts.token, AGENT_VERSION), HelloOk);
      return { control, gatewayVersion: hello.server.version };
    } catch (error) {
      control.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Resolves with the reason once the connection is gone. */
  get gone(): Promise<string> {
    return this.#gone.promise;
  }

  /** Milliseconds since the gateway last sent anything; it sends a tick every 30 seconds. */
  get silentMs(): number {
    return this.#clock.monotonicMs() - this.#heardAtMs;
  }

  /**
   * Calls a method and checks what it answers.
   * @throws GuestRefusal when the gateway refuses, is gone, stays silent or answers something else
   */
  async call<T>(method: string, params: object, schema: z.ZodType<T>): Promise<T> {
    this.#calls += 1;
    const id = String(this.#calls);
    const answer = new Promise<GatewayResponse>((answered, failed) => {
      this.#waiting.set(id, { answered, failed });
    });
    try {
      if (!this.#open) throw notReady("the gateway's connection is closed");
      this.#socket?.send(JSON.stringify({ type: "req", id, method, params }));
      const response = await this.#within(`an answer to ${method}`, () => answer);
      if (!response.ok) throw refusedBy(method, response);
      return schema.parse(response.payload);
    } catch (error) {
      throw error instanceof GuestRefusal
        ? error
        : new GuestRefusal(rpcErrors.internal, `${method}: ${messageOf(error)}`);
    } finally {
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#end("closed by the agent");
  }

  #receive(text: string): void {
    this.#heardAtMs = this.#clock.monotonicMs();
    const frame = decodeGatewayFrame(text);
    if (frame === null) return;
    if (frame.type === "res") this.#waiting.get(frame.id)?.answered(frame);
    else if (frame.event === "connect.challenge") this.#challenged.resolve(null);
    else this.#onEvent(frame.event);
  }

  #end(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket?.close();
    for (const waiting of this.#waiting.values()) waiting.failed(notReady(`the gateway's connection ended: ${reason}`));
    this.#gone.resolve(reason);
  }

  async #closedAsError(): Promise<never> {
    throw notReady(await this.#gone.promise);
  }

  #within<T>(what: string, work: () => Promise<T>): Promise<T> {
    const late = (): Error => notReady(`the gateway did not send ${what} within ${CALL_TIMEOUT_MS} ms`);
    return withDeadline({ clock: this.#clock, timeoutMs: CALL_TIMEOUT_MS, late }, work);
  }
}

function notReady(message: string): GuestRefusal {
  return new GuestRefusal(rpcErrors.notReady, message);
}

function refusedBy(method: string, { error }: GatewayResponse): GuestRefusal {
  const code = error?.retryable === true ? rpcErrors.notReady : rpcErrors.refused;
  return new GuestRefusal(code, `the gateway refused ${method}: ${error?.message ?? "without a reason"}`);
}
