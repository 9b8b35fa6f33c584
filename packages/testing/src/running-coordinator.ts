/** A real coordinator for a test: its store and keys in a directory of its own, its API on a socket there. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLogger, nodeClock, unixClient, type CatalogueImage, type Clock, type UnixClient } from "@mvm/core";
import { runCoordinator, type CoordinatorSettings, type RunningCoordinator } from "@mvm/coordinator";
import { listedCatalog, playedAgent, testImages, testSettings, type PlayedAgent } from "./coordinator-fixtures.ts";

export interface CoordinatorUnderTest {
  readonly settings: CoordinatorSettings;
  readonly client: UnixClient;
  readonly agent: PlayedAgent;
  /** The log so far, one JSON line each. */
  readonly log: readonly string[];
  /** Closes it and starts it anew on the same directory. */
  readonly restart: (change?: Partial<CoordinatorSettings>) => Promise<void>;
}

export interface CoordinatorOptions {
  readonly settings?: Partial<CoordinatorSettings>;
  readonly clock?: Clock;
  readonly images?: () => readonly CatalogueImage[];
}

/** Runs `body` against a coordinator and removes all of it afterwards. */
export async function withCoordinator(
  body: (under: CoordinatorUnderTest) => Promise<void>,
  options: CoordinatorOptions = {},
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-coordinator-"));
  const clock = options.clock ?? nodeClock;
  const log: string[] = [];
  const settings = testSettings(directory, options.settings);
  const start = (change: Partial<CoordinatorSettings> = {}): Promise<RunningCoordinator> =>
    runCoordinator(
      { ...settings, ...change },
      {
        images: listedCatalog(options.images ?? (() => testImages)),
        logger: jsonLogger((line) => log.push(line), clock),
        clock,
      },
    );
  let running = await start();
  try {
    await body({
      settings,
      client: unixClient(settings.socketPath),
      agent: playedAgent(settings.socketPath),
      log,
      restart: async (change) => {
        await running.close();
        running = await start(change);
      },
    });
  } finally {
    await running.close();
    await rm(directory, { recursive: true });
  }
}
