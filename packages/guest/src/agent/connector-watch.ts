/**
 * What the handlers said last of their connectors, so that `status`, which is asked all the time,
 * puts no question to an application: that costs an emulated one much, and an idle one its rest.
 */
import type { Clock, Logger } from "@mvm/core";
import { messageOf } from "@mvm/core";
import type { ConnectorReport, HandlerReport } from "../protocol/handler-report.ts";
import type { GuestHandler } from "./handler.ts";

/** How long an answer serves, unless a handler came up or went down meanwhile. */
const SERVES_MS = 45_000;

export interface ConnectorWatch {
  /** What was said last, at first nothing; never waits. Asks anew behind it when that is due. */
  latest(handlers: readonly Pick<HandlerReport, "name" | "ready">[]): readonly ConnectorReport[];
  /** Asks now. Rejects when a handler can't say. */
  ask(): Promise<readonly ConnectorReport[]>;
  /** What was said last may hold no more: the next look asks anew. */
  expire(): void;
}

export interface ConnectorWatchParts {
  readonly handlers: ReadonlyMap<string, Pick<GuestHandler, "connectors">>;
  readonly clock: Clock;
  readonly log: Logger;
}

export function watchConnectors({ handlers, clock, log }: ConnectorWatchParts): ConnectorWatch {
  let said: readonly ConnectorReport[] = [];
  let asking = false;
  let servesUntilMs = Number.NEGATIVE_INFINITY;
  /** Which handlers were ready when they were last asked. */
  let askedOf = "";

  async function ask(): Promise<readonly ConnectorReport[]> {
    const lists = await Promise.all([...handlers.values()].map((handler) => handler.connectors()));
    said = lists.flat();
    return said;
  }

  async function askBehind(): Promise<void> {
    asking = true;
    servesUntilMs = Number.POSITIVE_INFINITY;
    try {
      await ask();
    } catch (error) {
      log.warn("guest.connectors.unknown", { error: messageOf(error) });
    } finally {
      asking = false;
      // Unless it has expired meanwhile.
      servesUntilMs = Math.min(servesUntilMs, clock.monotonicMs() + SERVES_MS);
    }
  }

  return {
    latest(reports) {
      const ready = reports.map((report) => `${report.name} ${report.ready}`).join();
      if (!asking && (ready !== askedOf || clock.monotonicMs() >= servesUntilMs)) {
        askedOf = ready;
        void askBehind();
      }
      return said;
    },
    ask,
    expire: () => {
      servesUntilMs = Number.NEGATIVE_INFINITY;
    },
  };
}
