/** Standard input as the port that commands read from. A host adapter. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { ReadStream } from "node:tty";
import { MvmError } from "@mvm/core";
import type { Input } from "../context.ts";
import type { StandardOutput } from "./output.ts";

type StandardInput = NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY">>;

export interface InputOptions {
  /** Where questions go: standard error, so that standard output holds results only. */
  readonly prompts: StandardOutput;
  /** Ends a question without an answer. */
  readonly signal: AbortSignal;
  /** Called when Ctrl-C is typed while a question is open, which the terminal then makes no signal of. */
  readonly interrupt: () => void;
}

export function standardInput(input: StandardInput, { prompts, signal, interrupt }: InputOptions): Input {
  return {
    isTty: input.isTTY === true,
    async readAll(maxBytes) {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of input) {
        const bytes = Buffer.from(chunk);
        size += bytes.length;
        if (size > maxBytes)
          throw new MvmError("MVM_USAGE", {
            message: `standard input holds more than ${maxBytes} bytes`,
            remedy: "Give at most that much.",
          });
        chunks.push(bytes);
      }
      return Buffer.concat(chunks);
    },
    async ask(question, { hidden = false } = {}) {
      // readline clears the line that it begins on: it gets the question itself, unless nothing of it is shown.
      const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : prompts;
      const lines = createInterface({ input, output, terminal: true });
      if (hidden) prompts.write(question);
      lines.on("SIGINT", interrupt);
      // Ctrl-D: readline would leave the question open for ever.
      const ended = new Promise<null>((resolve) => {
        lines.once("close", () => resolve(null));
      });
      // An answer that is shown, or called off, has its line ended by readline.
      let isLineOpen = hidden;
      try {
        const answer = await Promise.race([lines.question(hidden ? "" : question, { signal }), ended]);
        isLineOpen ||= answer === null;
        return answer ?? "";
      } finally {
        lines.close();
        if (isLineOpen) prompts.write("\n");
      }
    },
  };
}
