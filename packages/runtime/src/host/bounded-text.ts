/**
 * Text gathered from a byte stream up to a limit, with a call for each whole line.
 *
 * Used for what commands print. Bytes past the limit are dropped after one call of `onOverflow`.
 */
import { StringDecoder } from "node:string_decoder";

export interface BoundedTextOptions {
  readonly limitBytes: number;
  readonly onOverflow: () => void;
  /** Called with each line, without its end of line; the last one by `end`. */
  readonly onLine?: (line: string) => void;
}

export class BoundedText {
  readonly #options: BoundedTextOptions;
  readonly #decoder = new StringDecoder("utf8");
  readonly #pieces: string[] = [];
  #sizeBytes = 0;
  #unfinishedLine = "";

  constructor(options: BoundedTextOptions) {
    this.#options = options;
  }

  add(chunk: Buffer): void {
    const { limitBytes, onOverflow } = this.#options;
    if (this.#sizeBytes > limitBytes) return;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > limitBytes) {
      onOverflow();
      return;
    }
    this.#take(this.#decoder.write(chunk));
  }

  /** The stream has ended: the rest is a line as well. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#unfinishedLine !== "") this.#options.onLine?.(this.#unfinishedLine);
    this.#unfinishedLine = "";
  }

  get text(): string {
    return this.#pieces.join("");
  }

  #take(text: string): void {
    this.#pieces.push(text);
    const { onLine } = this.#options;
    if (onLine === undefined) return;
    const lines = (this.#unfinishedLine + text).split(/\r?\n/);
    this.#unfinishedLine = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}
