/**
 * A secret's value, which prints redacted however it is printed.
 *
 * Made where a secret enters the process; opened with `reveal` only by the writer that puts it
 * onto a drive or into a sealed value.
 */
import { inspect } from "node:util";

const REDACTED = "[redacted]";

export class Secret {
  readonly #value: Buffer;

  constructor(value: string | Uint8Array) {
    this.#value = typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
  }

  /** The bytes themselves. The caller must not log, throw or persist them in the clear. */
  reveal(): Buffer {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
