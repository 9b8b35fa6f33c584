/**
 * The coordinator put together: store, keys, services, API and housekeeping. Called by the CLI's
 * `coordinator run`, which owns the handle and closes it.
 */
import { join } from "node:path";
import {
  hashOf,
  isoTime,
  listenOnSocket,
  messageOf,
  nodeClock,
  nodeFiles,
  nodeRandom,
  openKeyStore,
  openSqliteStore,
  turns,
  type Clock,
  type Files,
  type ImageCatalog,
  type Logger,
  type Random,
} from "@mvm/core";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { serveNodeApi } from "./api/node-routes.ts";
import { serveOperatorApi } from "./api/operator-routes.ts";
import { answerErrors } from "./api/serve-route.ts";
import { changeSignal } from "./change-signal.ts";
import { services, type Services } from "./services/services.ts";
import type { CoordinatorSettings } from "./settings.ts";

const HOUSEKEEPING_INTERVAL_MS = 2000;

/** What the coordinator gets from outside. Clock, random and files default to the machine's. */
export interface CoordinatorPorts {
  readonly images: ImageCatalog;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly files?: Files;
}

export interface RunningCoordinator {
  readonly socketPath: string;
  /** Ends what is under way and gives store and socket free; VMs and agents go on. */
  close(): Promise<void>;
}

/**
 * Starts the coordinator; it serves when this resolves.
 * @throws MvmError MVM_COORDINATOR_ALREADY_RUNNING, MVM_STORE_FAILED, MVM_STORE_NEWER, MVM_API_UNAVAILABLE
 */
export async function runCoordinator(
  settings: CoordinatorSettings,
  ports: CoordinatorPorts,
): Promise<RunningCoordinator> {
  const { images, logger, clock = nodeClock, random = nodeRandom, files = nodeFiles } = ports;
  await files.ensureDir(settings.stateDir);
  const store = openSqliteStore(join(settings.stateDir, "coordinator.db"));
  const closing = new AbortController();
  try {
    await store.ensureNode(settings.node);
    await store.ensureSpecFingerprint(hashOf({ config_hash: settings.configHash }));
    const keys = openKeyStore(settings.keysDir, { files, random });
    const all = services({
      settings,
      store,
      keys,
      images,
      clock,
      random,
      logger,
      changes: changeSignal(),
      turns: turns(),
    });
    await all.nodes.settle();
    const app = new Hono();
    answerErrors(app, logger);
    serveOperatorApi({ app, closing: closing.signal }, all);
    serveNodeApi({ app, closing: closing.signal }, all.nodes);
    const server = await listenOnSocket({
      path: settings.socketPath,
      listener: getRequestListener((request) => app.fetch(request)),
      takenCode: "MVM_COORDINATOR_ALREADY_RUNNING",
    });
    const housekeeping = keepHouse(all, closing.signal);
    logger.info("coordinator.started", {
      socket: settings.socketPath,
      node: settings.node,
      config_hash: settings.configHash,
      at: isoTime(clock.nowMs()),
    });
    return {
      socketPath: settings.socketPath,
      async close() {
        closing.abort();
        await server.close();
        await housekeeping;
        await store.close();
        logger.info("coordinator.stopped", {});
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Ends holds as their time comes, until the signal is aborted. */
async function keepHouse({ deps, nodes }: Services, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await nodes.endHolds();
    } catch (error) {
      deps.logger.error("housekeeping.failed", { reason: "timer", error: messageOf(error) });
    }
    await deps.clock.sleep(HOUSEKEEPING_INTERVAL_MS, signal).catch(() => undefined);
  }
}
