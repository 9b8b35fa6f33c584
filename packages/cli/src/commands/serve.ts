/**
 * A server in the foreground: started, then closed in order when the program is asked to end. As a
 * systemd unit it says when it is ready, and that it is alive for as long as it is.
 */
import { type Clock, jsonLogger, type Logger, messageOf } from "@mvm/core";
import type { CliContext, ServiceManager } from "../context.ts";

export interface Server {
  close(): Promise<void>;
  /** Whether its work goes on; without it, that this program answers is enough. */
  isAlive?(): boolean;
}

/** Ends when the context's signal is aborted and the server has closed; that is no failure. */
export async function serveUntilAborted(
  context: CliContext,
  start: (logger: Logger) => Promise<Server>,
): Promise<void> {
  const { signal, serviceManager, clock } = context;
  const logger = jsonLogger((line) => context.stderr.write(`${line}\n`), clock);
  const tell = quietTeller(serviceManager, logger);
  const server = await start(logger);
  await tell("READY");
  await keepSayingAlive({ server, serviceManager: { ...serviceManager, tell }, clock, signal });
  await tell("STOPPING");
  await server.close();
}

/** Until aborted. A server that stands still is not called alive: systemd then kills and restarts it. */
async function keepSayingAlive({
  server,
  serviceManager: { aliveEveryMs, tell },
  clock,
  signal,
}: {
  readonly server: Server;
  readonly serviceManager: ServiceManager;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<void> {
  if (aliveEveryMs === null) {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return;
  }
  while (!signal.aborted) {
    if (server.isAlive?.() ?? true) await tell("WATCHDOG");
    await clock.sleep(aliveEveryMs, signal).catch(() => undefined);
  }
}

/** What can't be told is logged: the server is worth more than the word. */
function quietTeller({ tell }: ServiceManager, logger: Logger): ServiceManager["tell"] {
  return (word) =>
    tell(word).catch((error: unknown) => logger.warn("service-manager.deaf", { word, error: messageOf(error) }));
}
