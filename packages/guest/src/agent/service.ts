/**
 * What the guest does for each method of the channel: puts together what machine, drives, units,
 * journal and handlers say. Made by main.ts, driven by the server; knows no application by name.
 */
import type { Clock, Files, InstanceId, Logger } from "@mvm/core";
import { messageOf } from "@mvm/core";
import { rpcErrors } from "../protocol/frames.ts";
import type { HandlerReport } from "../protocol/handler-report.ts";
import type { InstanceDocument } from "../protocol/instance-document.ts";
import { guestMethods, type GuestParams, type GuestResult } from "../protocol/methods.ts";
import type { PairingOffer } from "../protocol/pairing.ts";
import type { StatusResult } from "../protocol/status.ts";
import { negotiateVersion, spokenVersions } from "../protocol/version.ts";
import { watchConnectors, type ConnectorWatch } from "./connector-watch.ts";
import { growData } from "./data-growth.ts";
import { readDrives, remountSmallDrives } from "./drives.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import type { GuestHandler } from "./handler.ts";
import { decideHealth } from "./health.ts";
import { readJournal } from "./journal.ts";
import { observeMachine } from "./machine.ts";
import type { BoundedCommands } from "./ports.ts";
import type { GuestService } from "./server.ts";
import type { ServiceWatch } from "./services.ts";

/** Long enough for the answer to reach the host before the machine goes. */
const SHUTDOWN_DELAY_MS = 200;

export interface GuestServiceParts {
  readonly agentVersion: string;
  readonly files: Pick<Files, "read">;
  readonly commands: BoundedCommands;
  readonly clock: Clock;
  readonly log: Logger;
  readonly services: ServiceWatch;
  readonly handlers: ReadonlyMap<string, GuestHandler>;
  /** Whether the config drive said at the start who this is: without that there are no handlers. */
  readonly knowsItself: boolean;
  readonly readInstance: () => Promise<InstanceDocument | null>;
}

export function createGuestService(parts: GuestServiceParts): GuestService {
  const connectors = watchConnectors(parts);
  return {
    hello: (params) => hello(parts, params),
    health: async () => decideHealth(await observe(parts)),
    status: () => status(parts, connectors),
    logs: (params) => readJournal(parts.commands, params),
    "drives.refresh": async () => {
      const refreshed = await refreshDrives(parts);
      connectors.expire();
      return refreshed;
    },
    "data.grow": async ({ size_bytes }) => ({ size_bytes: await growData(parts, size_bytes) }),
    connectors: async () => ({ connectors: [...(await connectors.ask())] }),
    shutdown: async () => {
      void endMachine(parts);
      return { accepted: true };
    },
    "pairing.mint": ({ peer }) => mint(parts, peer),
    "pairing.offer": async (offer) => {
      await takeOffer(parts, offer);
      return { accepted: true };
    },
  };
}

async function hello(parts: GuestServiceParts, params: GuestParams<"hello">): Promise<GuestResult<"hello">> {
  const version = negotiateVersion(spokenVersions(), params.versions);
  if (version === null) {
    const ours = spokenVersions();
    throw new GuestRefusal(
      rpcErrors.version,
      `this guest speaks versions ${ours.oldest} to ${ours.newest} of the channel`,
    );
  }
  const [machine, instance] = await Promise.all([observeMachine(parts.files), parts.readInstance()]);
  return {
    version,
    agent_version: parts.agentVersion,
    boot_id: machine.bootId,
    instance_id: instance?.instance_id ?? null,
    methods: Object.keys(guestMethods),
  };
}

async function observe(parts: GuestServiceParts) {
  const [drives, services, handlers] = await Promise.all([
    readDrives(parts.files),
    parts.services.read(),
    reports(parts),
  ]);
  return { knowsItself: parts.knowsItself, drives, services, handlers };
}

async function status(parts: GuestServiceParts, connectors: ConnectorWatch): Promise<StatusResult> {
  const [machine, facts] = await Promise.all([observeMachine(parts.files), observe(parts)]);
  const { drives, services, handlers } = facts;
  return {
    agent_version: parts.agentVersion,
    boot_id: machine.bootId,
    now_ms: Math.trunc(parts.clock.nowMs()),
    uptime_seconds: machine.uptimeSeconds,
    load: [...machine.load],
    memory: { total_kib: machine.memory.totalKib, available_kib: machine.memory.availableKib },
    drives,
    services: [...services],
    handlers: [...handlers],
    health: decideHealth(facts),
    connectors: [...connectors.latest(handlers)],
  };
}

function reports(parts: GuestServiceParts): Promise<readonly HandlerReport[]> {
  return Promise.all(
    [...parts.handlers].map(async ([name, handler]) => {
      try {
        return await handler.report();
      } catch (error) {
        const message = messageOf(error).slice(0, 500);
        parts.log.error("guest.handler.failed", { handler: name, error: message });
        const failure = { code: "handler-failed", message, count: 1 };
        return { name, ready: false, reason: message, failure, needs: [], peers: [], active_work: null };
      }
    }),
  );
}

async function refreshDrives(parts: GuestServiceParts): Promise<GuestResult<"drives.refresh">> {
  await remountSmallDrives(parts);
  const handlers = await Promise.all(
    [...parts.handlers].map(async ([name, handler]) => {
      try {
        return { name, ...(await handler.refresh()) };
      } catch (error) {
        return { name, applied: false, detail: messageOf(error).slice(0, 500) };
      }
    }),
  );
  return { config_version: (await parts.readInstance())?.config_version ?? null, handlers };
}

/** By a restart, which every VMM ends at; a guest that powers itself off would leave Firecracker running. */
async function endMachine({ clock, commands, log }: GuestServiceParts): Promise<void> {
  await clock.sleep(SHUTDOWN_DELAY_MS);
  log.info("guest.shutdown", { reason: "manual" });
  await commands.run({ argv: ["sync"], timeoutMs: 30_000, maxOutputBytes: 1024 });
  await commands.run({ argv: ["systemctl", "reboot", "--no-block"], timeoutMs: 30_000, maxOutputBytes: 1024 });
}

function mint(parts: GuestServiceParts, peer: InstanceId): Promise<PairingOffer> {
  for (const handler of parts.handlers.values()) {
    if (handler.mintPairing !== undefined) return handler.mintPairing(peer);
  }
  throw new GuestRefusal(rpcErrors.refused, "no application of this guest admits others");
}

function takeOffer(parts: GuestServiceParts, offer: PairingOffer): Promise<void> {
  for (const handler of parts.handlers.values()) {
    if (handler.takePairing !== undefined) return handler.takePairing(offer);
  }
  throw new GuestRefusal(rpcErrors.refused, "no application of this guest pairs with another");
}
