/**
 * One dialled stream to a guest: sends requests, matches answers by id, and cuts the stream at the
 * first thing that is not part of the protocol. Used by GuestClient only.
 *
 * Begins with an empty line, so that whatever an earlier connection left torn ends there. Everything
 * that arrives is hostile until a schema has seen it; what answers no open request is dropped, up to
 * a bound: a stream without answers costs no more than that, whatever it carries.
 */
import type { Duplex } from "node:stream";
import type { MvmError } from "@mvm/core";
import { decodeResponse, type ResponseFrame } from "../protocol/frames.ts";
import { MAX_BYTES_PER_ANSWER, MAX_LINE_BYTES, MAX_STRAY_LINES, MAX_TORN_LINES } from "../protocol/limits.ts";
import { LineSplitter } from "../protocol/line-splitter.ts";
import { protocolBroken, unreachable, type GuestCall } from "./guest-errors.ts";

interface Waiting {
  readonly call: GuestCall;
  readonly answered: (frame: ResponseFrame) => void;
  readonly failed: (error: MvmError) => void;
}

export class GuestConnection {
  readonly #stream: Duplex;
  readonly #waiting = new Map<string, Waiting>();
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES);
  /** Both since the last answer. */
  #strayLines = 0;
  #bytes = 0;
  #tornLines = 0;
  #answers = 0;
  #open = true;
  /** How the guest broke the protocol while nobody waited for an answer, so that nobody was told. */
  #untold: string | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (error) => this.#end((call) => unreachable(call, error)));
    stream.on("close", () => this.#end((call) => unreachable(call, new Error("the stream was closed"))));
    stream.on("end", () => this.#end((call) => unreachable(call, new Error("the guest's side was closed"))));
    stream.write("\n");
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** How the guest broke the protocol behind everybody's back; told once. */
  takeUntoldBreach(): string | null {
    const fact = this.#untold;
    this.#untold = null;
    return fact;
  }

  /** Answers to open requests so far: whether the guest speaks at all. */
  get answers(): number {
    return this.#answers;
  }

  /** Sends a request's line; resolves with its answer frame. Forget it with `forget(id)` when it no longer matters. */
  send(id: string, line: Buffer, call: GuestCall): Promise<ResponseFrame> {
    return new Promise((answered, failed) => {
      if (!this.#open) {
        failed(unreachable(call, new Error("the stream was closed")));
        return;
      }
      this.#waiting.set(id, { call, answered, failed });
      this.#stream.write(line);
    });
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  close(): void {
    this.#end((call) => unreachable(call, new Error("the host closed the channel")));
  }

  #receive(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      if (!this.#open) return;
      if (line.kind === "too-long") this.#break(`a line is longer than ${MAX_LINE_BYTES} bytes`);
      else if (line.kind === "empty") this.#countStray(line.count);
      else this.#take(line.bytes);
    }
    // Behind the chunk's lines: those that answer have begun a new count.
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BYTES_PER_ANSWER) this.#break(`${this.#bytes} bytes hold no answer`);
  }

  #take(bytes: Buffer): void {
    const frame = decodeResponse(bytes);
    if (frame === null) {
      this.#tornLines += 1;
      if (this.#tornLines > MAX_TORN_LINES) this.#break("a line is no answer");
      return;
    }
    const waiting = frame.id === null ? undefined : this.#waiting.get(frame.id);
    if (waiting === undefined || frame.id === null) {
      this.#countStray(1);
      return;
    }
    this.#strayLines = 0;
    this.#bytes = 0;
    this.#answers += 1;
    this.#waiting.delete(frame.id);
    waiting.answered(frame);
  }

  #countStray(lines: number): void {
    this.#strayLines += lines;
    if (this.#strayLines > MAX_STRAY_LINES) this.#break(`${this.#strayLines} lines answer nothing that was asked`);
  }

  #break(fact: string): void {
    if (this.#open && this.#waiting.size === 0) this.#untold = fact;
    this.#end((call) => protocolBroken(call, fact));
  }

  #end(errorFor: (call: GuestCall) => MvmError): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stream.destroy();
    for (const waiting of this.#waiting.values()) waiting.failed(errorFor(waiting.call));
    this.#waiting.clear();
  }
}
