/** The public names of core. Everything else of it is its own affair. */
export { ErrorBody, errorBody, httpStatusOf, isErrorCode } from "./api/error-body.ts";
export { FleetChange, FleetPlan } from "./api/fleet-plan.ts";
export { exchangeOverUnix } from "./api/host/unix-exchange.ts";
export { unixClient, type ApiCall, type UnixClient } from "./api/host/unix-client.ts";
export { listenOnSocket } from "./api/host/unix-server.ts";
export { NodeCheck, NodeCheckReport } from "./api/node-check.ts";
export { ChainHead, MAX_AUDIT_BATCH, StatusAnswer, StatusDelivery, nodeRoutes } from "./api/node-api.ts";
export {
  AuditQuery,
  FleetApplyAnswer,
  FleetApplyRequest,
  FleetProblem,
  FleetRequest,
  InstanceCommandAnswer,
  TenantCommandAnswer,
  operatorRoutes,
} from "./api/operator-api.ts";
export { apiRoute, type ApiRoute } from "./api/route.ts";
export {
  AuditRecord,
  FleetView,
  InstanceCounts,
  InstanceView,
  NodeView,
  PoolView,
  SecretView,
  TenantView,
} from "./api/views.ts";
export { AuditEntry, Cause, chainEntry, firstBrokenEntry, type AuditDraft } from "./audit/entry.ts";
export type { EffectiveConfig } from "./config/effective-config.ts";
export { type ConfigRule, type ConfigSearch } from "./config/find-config.ts";
export { loadConfig, type LoadedConfig } from "./config/load-config.ts";
export { withDeadline } from "./deadline.ts";
export { catalogue, type CatalogueEntry, type ErrorCode, type ExitCode } from "./errors/catalogue.ts";
export {
  MvmError,
  exitCodeOf,
  isMvmError,
  messageOf,
  retold,
  type MvmErrorFields,
  type Retry,
} from "./errors/mvm-error.ts";
export { ConnectorSettings, Egress, Fleet, FleetPool, FleetTenant, ModelSettings } from "./fleet/schema.ts";
export { loadFleet, type LoadedFleet } from "./fleet/load-fleet.ts";
export { canonicalJson, hashOf, sha256, uuidFromHash } from "./hash.ts";
export {
  InstanceId,
  NodeId,
  PoolId,
  RevisionId,
  SecretName,
  TenantId,
  TypeName,
  instanceId,
  splitInstanceId,
} from "./ids.ts";
export { Artifact, ArtifactName, ImageManifest, type CatalogueImage, type ImageCatalog } from "./images/manifest.ts";
export { instanceEvents, transition, transitions, type InstanceEvent, type InstanceState } from "./instance-state.ts";
export {
  contains,
  formatAddress,
  formatRange,
  overlaps,
  parseRange,
  prefixLengthOf,
  rangeAt,
  sizeOf,
  type Ipv4Range,
} from "./ipv4-range.ts";
export { openKeyStore, type KeyStore } from "./keys/key-store.ts";
export { seal, secretContext, unseal, type SealRequest } from "./keys/seal.ts";
export { isoTime, type Clock } from "./ports/clock.ts";
export { exactTimeText, soonText, timeText } from "./time-text.ts";
export type { CommandRequest, CommandResult, CommandRunner } from "./ports/commands.ts";
export type { FileFacts, Files, WriteOptions } from "./ports/files.ts";
export type { Logger } from "./ports/logger.ts";
export type { ProcessFacts, ProcessRef, Processes, SpawnDetachedRequest } from "./ports/processes.ts";
export type { Random } from "./ports/random.ts";
export { Secret } from "./secret.ts";
export { hostMemMib, hostMemText, MemOverhead, NO_MEM_OVERHEAD, sharedOverheadMib } from "./spec/mem-overhead.ts";
export { Hold, InstanceSpec, NodeSpec, PoolSpec, TenantNetworkSpec, TenantSpec, Uplink } from "./spec/node-spec.ts";
export {
  Condition,
  GuestReport,
  InstanceAlarm,
  InstanceStateName,
  InstanceStatus,
  NetworkCondition,
  NodeStatus,
  RefusedChain,
  Refusal,
} from "./spec/node-status.ts";
export { Problem, problemLine, problemsError, problemsOf, type Place } from "./toml/problem.ts";
export { tomlText } from "./toml/toml-text.ts";
export { keyedTurns, turns, type KeyedTurns, type Turns } from "./turns.ts";
export {
  MicrovmsTables,
  PatchDeclaration,
  ProfileDeclaration,
  Resources,
  WarmDeclaration,
} from "./types/declarations.ts";
export { INCLUDE_TYPES, ResolvedType, resolveType, typeKey } from "./types/resolved-type.ts";
export { restartReasons } from "./types/restart-reasons.ts";
export { NodeMode } from "./node-mode.ts";
export { nodeClock } from "./node/clock.ts";
export { takeExclusiveLock, type ExclusiveLock } from "./node/exclusive-lock.ts";
export { nodeFiles } from "./node/files.ts";
export { jsonLogger } from "./node/json-logger.ts";
export { nodeRandom } from "./node/random.ts";
export { isBusy, jsonColumn, openSqlite, type SqliteDatabase } from "./store/adapters/sqlite/database.ts";
export { openSqliteStore } from "./store/adapters/sqlite/sqlite-store.ts";
export {
  COORDINATOR_WRITER,
  type AuditFilter,
  type ChangedRows,
  type Committed,
  type CoordinatorDraft,
  type FleetCommit,
  type Store,
} from "./store/port.ts";
export type {
  Counters,
  DesiredRows,
  FleetRow,
  InstanceRow,
  NodeRow,
  NodeRows,
  PoolRow,
  SecretRow,
  TenantNetworkRow,
  TenantRow,
} from "./store/rows.ts";
