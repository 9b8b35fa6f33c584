/** A server in the foreground: started, then closed in order when the program is asked to end. */
import { jsonLogger, type Logger } from "@mvm/core";
import type { CliContext } from "../context.ts";

/** Ends when the context's signal is aborted and the server has closed; that is no failure. */
export async function serveUntilAborted(
  context: CliContext,
  start: (logger: Logger) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  const { signal } = context;
  const logger = jsonLogger((line) => context.stderr.write(`${line}\n`), context.clock);
  const server = await start(logger);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}
