/**
 * The host's side of the guest channel, for one instance. Called by the node's agent.
 *
 * Dials when a request needs it and keeps the stream while it is good; the first broken thing closes
 * it, and the next request dials anew. After a pause or a restore the caller says `reset()`, because
 * a stream does not survive one. Requests may overlap. Every answer is checked against its schema.
 */
import type { Clock, Random } from "@mvm/core";
import { MvmError, isMvmError, withDeadline } from "@mvm/core";
import { encodeRequest, type ResponseFrame } from "../protocol/frames.ts";
import { guestMethods, type GuestMethod, type GuestParams, type GuestResult } from "../protocol/methods.ts";
import type { DialGuest } from "./dial.ts";
import { GuestConnection } from "./guest-connection.ts";
import { deadlinePassed, protocolBroken, refusedByGuest, unreachable, type GuestCall } from "./guest-errors.ts";

export interface GuestClientParts {
  /** Who is at the other end, for messages: an instance id. */
  readonly guest: string;
  readonly dial: DialGuest;
  readonly clock: Clock;
  readonly random: Random;
}

export interface GuestRequestOptions {
  /** From now to the answer, dialling included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export class GuestClient {
  readonly #parts: GuestClientParts;
  /** Makes ids of this client differ from any that an older one may still get answers to. */
  readonly #prefix: string;
  #requests = 0;
  #dialling: { connection: Promise<GuestConnection>; abort: AbortController } | null = null;

  constructor(parts: GuestClientParts) {
    this.#parts = parts;
    this.#prefix = parts.random.bytes(8).toString("hex");
  }

  /**
   * Asks the guest and checks its answer.
   * @throws MvmError MVM_GUEST_UNREACHABLE, MVM_GUEST_TIMEOUT, MVM_GUEST_PROTOCOL, MVM_GUEST_REFUSED;
   *   the signal's reason when it was aborted
   */
  async request<M extends GuestMethod>(
    method: M,
    params: GuestParams<M>,
    options: GuestRequestOptions,
  ): Promise<GuestResult<M>> {
    const call: GuestCall = { guest: this.#parts.guest, method };
    this.#requests += 1;
    const id = `${this.#prefix}-${this.#requests}`;
    const line = encodeRequest({ id, method, params });
    if (line === null)
      throw new MvmError("MVM_INTERNAL", {
        message: `a request ${method} is longer than a line of the guest channel may be`,
      });

    let heardSince = (): boolean => false;
    try {
      const { timeoutMs, signal: caller } = options;
      const deadline = {
        clock: this.#parts.clock,
        timeoutMs,
        signal: caller,
        late: () => deadlinePassed(call, timeoutMs),
      };
      const frame = await withDeadline(deadline, async (signal) => {
        const connection = await this.#connect(call);
        signal.throwIfAborted();
        const answersBefore = connection.answers;
        heardSince = () => connection.answers > answersBefore;
        signal.addEventListener("abort", () => connection.forget(id), { once: true });
        return connection.send(id, line, call);
      });
      return this.#resultOf(method, frame, call);
    } catch (error) {
      // Silence of the whole stream, not of one request only: it may be dead without having said so.
      if (isMvmError(error, "MVM_GUEST_TIMEOUT") && !heardSince()) this.reset();
      throw error;
    }
  }

  /** Closes the stream; the next request dials anew. Open requests fail. */
  reset(): void {
    const dialling = this.#dialling;
    this.#dialling = null;
    dialling?.abort.abort();
    dialling?.connection.then((connection) => connection.close(), ignoreFailedDial);
  }

  #resultOf<M extends GuestMethod>(method: M, frame: ResponseFrame, call: GuestCall): GuestResult<M> {
    if (frame.kind === "error") throw refusedByGuest(call, frame.error);
    const decoded = guestMethods[method].result.safeParse(frame.result);
    if (!decoded.success) {
      this.reset();
      const places = decoded.error.issues.slice(0, 5).map((issue) => issue.path.join(".") || "(whole)");
      throw protocolBroken(call, `its answer breaks the schema at ${places.join(", ")}`, decoded.error);
    }
    return decoded.data;
  }

  async #connect(call: GuestCall): Promise<GuestConnection> {
    if (this.#dialling === null) this.#dialling = this.#dial();
    const mine = this.#dialling;
    try {
      const connection = await mine.connection;
      if (connection.isOpen) return connection;
      const breach = connection.takeUntoldBreach();
      if (breach !== null) throw protocolBroken(call, breach);
    } catch (error) {
      if (this.#dialling === mine) this.#dialling = null;
      throw unreachable(call, error);
    }
    if (this.#dialling === mine) this.#dialling = null;
    return this.#connect(call);
  }

  #dial(): { connection: Promise<GuestConnection>; abort: AbortController } {
    const abort = new AbortController();
    const connection = this.#parts.dial(abort.signal).then((stream) => new GuestConnection(stream));
    return { connection, abort };
  }
}

/** A dial that was given up fails as it was told to; nobody waits for it any more. */
function ignoreFailedDial(): void {
  return undefined;
}
