/**
 * The newest bytes of an output in a buffer of fixed size: a guest that floods it fills nothing,
 * however small the pieces are that it writes. Pure.
 */

export class OutputRing {
  readonly #buffer: Buffer;
  /** Bytes ever written; the buffer holds the newest of them, each at its number modulo the size. */
  #written = 0;

  constructor(capacityBytes: number) {
    this.#buffer = Buffer.alloc(capacityBytes);
  }

  add(chunk: Uint8Array): void {
    const capacity = this.#buffer.length;
    const skipped = Math.max(0, chunk.length - capacity);
    const start = (this.#written + skipped) % capacity;
    const toEnd = chunk.subarray(skipped, skipped + capacity - start);
    this.#buffer.set(toEnd, start);
    this.#buffer.set(chunk.subarray(skipped + toEnd.length), 0);
    this.#written += chunk.length;
  }

  /** A copy, oldest byte first. */
  bytes(): Buffer {
    const capacity = this.#buffer.length;
    if (this.#written <= capacity) return Buffer.from(this.#buffer.subarray(0, this.#written));
    const start = this.#written % capacity;
    return Buffer.concat([this.#buffer.subarray(start), this.#buffer.subarray(0, start)]);
  }
}
