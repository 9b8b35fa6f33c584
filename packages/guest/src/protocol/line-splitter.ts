/**
 * Cuts a byte stream into lines with a cap. Pure but for the rest that it keeps; used by both sides.
 *
 * Empty lines say nothing: they only end what an earlier connection left torn. They are counted, a
 * run of them as one, so that nobody can send them for ever unseen. A line over the cap is reported
 * once, as soon as it is too long, and skipped up to its newline: at no time does the splitter keep
 * more than the cap.
 */
const NEWLINE = 0x0a;

export type SplitLine =
  | { readonly kind: "line"; readonly bytes: Buffer }
  | { readonly kind: "too-long" }
  /** So many empty lines, one after the other. */
  | { readonly kind: "empty"; readonly count: number };

export class LineSplitter {
  readonly #maxBytes: number;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes, in order. */
  push(chunk: Buffer): readonly SplitLine[] {
    const lines: SplitLine[] = [];
    let start = 0;
    while (start < chunk.length) {
      const empty = this.#isAtStart() ? newlinesFrom(chunk, start) : 0;
      if (empty > 0) {
        lines.push({ kind: "empty", count: empty });
        start += empty;
        continue;
      }
      const newlineAt = chunk.indexOf(NEWLINE, start);
      const end = newlineAt === -1 ? chunk.length : newlineAt;
      if (this.#take(chunk.subarray(start, end))) lines.push({ kind: "too-long" });
      if (newlineAt === -1) break;
      const line = this.#finish();
      if (line !== null) lines.push({ kind: "line", bytes: line });
      start = newlineAt + 1;
    }
    return lines;
  }

  #isAtStart(): boolean {
    return !this.#skipping && this.#keptBytes === 0;
  }

  /** Keeps a part of the current line; true when it makes the line too long just now. */
  #take(part: Buffer): boolean {
    if (this.#skipping) return false;
    if (this.#keptBytes + part.length > this.#maxBytes) {
      this.#drop();
      this.#skipping = true;
      return true;
    }
    if (part.length > 0) {
      this.#kept.push(Buffer.from(part));
      this.#keptBytes += part.length;
    }
    return false;
  }

  #finish(): Buffer | null {
    const line = this.#skipping ? null : Buffer.concat(this.#kept);
    this.#skipping = false;
    this.#drop();
    return line;
  }

  #drop(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }
}

/** How many newlines stand there, one after the other. */
function newlinesFrom(chunk: Buffer, start: number): number {
  let end = start;
  while (chunk[end] === NEWLINE) end += 1;
  return end - start;
}
