/** A standard stream as the port that commands print to. A host adapter; loaded at every start. */
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { Output } from "../context.ts";

/** A terminal's stream, or a pipe's or file's that has no width. */
export type StandardOutput = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>;

export function standardOutput(stream: StandardOutput): Output {
  return {
    isTty: stream.isTTY === true,
    write: (text) => void stream.write(text),
    columns: () => stream.columns ?? Number.POSITIVE_INFINITY,
    rows: () => stream.rows ?? Number.POSITIVE_INFINITY,
    // Looks at NO_COLOR, FORCE_COLOR and whether the stream is a terminal.
    style: (style, text) => styleText(style, text, { stream }),
  };
}
