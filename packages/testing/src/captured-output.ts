/** An output stream of the CLI whose text a test reads afterwards. */
import type { Output } from "@mvm/cli";

export interface CapturedOutput extends Output {
  /** Everything written so far. */
  readonly text: () => string;
}

export interface CapturedOutputOptions {
  /** A terminal of this size; without it a pipe. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  /** Shows styles as `<red>…</red>`. */
  readonly showStyles?: boolean;
}

export function capturedOutput({ terminal, showStyles = false }: CapturedOutputOptions = {}): CapturedOutput {
  const written: string[] = [];
  return {
    isTty: terminal !== undefined,
    write: (text) => void written.push(text),
    columns: () => terminal?.columns ?? Number.POSITIVE_INFINITY,
    rows: () => terminal?.rows ?? Number.POSITIVE_INFINITY,
    style: (style, text) => (showStyles ? `<${style}>${text}</${style}>` : text),
    text: () => written.join(""),
  };
}
