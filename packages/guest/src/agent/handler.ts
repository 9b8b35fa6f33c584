/**
 * What a guest handler is: the part of the agent that looks after one application. A profile names
 * its handlers in data; handler-table.ts finds them by that name.
 */
import type { Clock, Files, InstanceId, Logger } from "@mvm/core";
import type { ConnectorReport, HandlerReport } from "../protocol/handler-report.ts";
import type { InstanceDocument } from "../protocol/instance-document.ts";
import type { PairingOffer } from "../protocol/pairing.ts";
import type { BoundedCommands } from "./ports.ts";
import type { ServiceWatch } from "./services.ts";

export interface HandlerParts {
  readonly instance: InstanceDocument;
  readonly files: Files;
  readonly commands: BoundedCommands;
  readonly clock: Clock;
  readonly services: ServiceWatch;
  readonly log: Logger;
}

export interface GuestHandler {
  /** Begins what it does by itself, until the signal is aborted; returns at once. */
  start(signal: AbortSignal): void;
  report(): Promise<HandlerReport>;
  connectors(): Promise<readonly ConnectorReport[]>;
  /** Makes the application take what the secrets and config drives hold now. */
  refresh(): Promise<{ readonly applied: boolean; readonly detail: string }>;
  /** Makes an offer for another instance of the tenant. Missing: this application admits nobody. */
  readonly mintPairing?: (peer: InstanceId) => Promise<PairingOffer>;
  /** Takes an offer from the host. Missing: this application pairs with nobody. */
  readonly takePairing?: (offer: PairingOffer) => Promise<void>;
}
