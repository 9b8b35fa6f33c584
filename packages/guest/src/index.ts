/** The public names of guest: what the host's agent needs of the guest channel and of the handlers. */
export type { DialGuest } from "./host/dial.ts";
export { GuestClient, type GuestClientParts, type GuestRequestOptions } from "./host/guest-client.ts";
export { handlerFiles } from "./handlers/handler-files.ts";
export type {
  ConnectorMapping,
  HandlerFile,
  HandlerFiles,
  HandlerInput,
  HandlerPeerSpec,
} from "./handlers/handler-input.ts";
export { makerFor, offerMaker } from "./handlers/known-handlers.ts";
export type {
  ConnectorReport,
  HandlerFailure,
  HandlerNeed,
  HandlerPeer,
  HandlerReport,
} from "./protocol/handler-report.ts";
export { INSTANCE_DOCUMENT_NAME, type InstanceDocument } from "./protocol/instance-document.ts";
export type { LogEntry, LogsResult } from "./protocol/logs.ts";
export type { GuestMethod, GuestParams, GuestResult } from "./protocol/methods.ts";
export type { PairingOffer } from "./protocol/pairing.ts";
export type { DrivesDocument, ServiceReport } from "./protocol/status.ts";
export { spokenVersions } from "./protocol/version.ts";
