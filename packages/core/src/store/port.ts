/**
 * The port to the coordinator's store (design §11): domain operations, each one transaction in
 * which state, generation and audit entries commit together or not at all.
 *
 * Called by the coordinator only. Adapters: SQLite (embedded). One conformance suite
 * (packages/testing) runs over every adapter. What was decided from rows read before names the
 * generation that they had; the store refuses it when that has passed (MVM_STORE_CONFLICT).
 *
 * Every operation may throw MVM_STORE_FAILED (disk, corrupted rows).
 */
import type { AuditDraft, AuditEntry, Cause } from "../audit/entry.ts";
import type { ChainHead } from "../api/node-api.ts";
import type { Fleet } from "../fleet/schema.ts";
import type { InstanceId, NodeId, SecretName, TenantId } from "../ids.ts";
import type { Hold } from "../spec/node-spec.ts";
import type { NodeStatus } from "../spec/node-status.ts";
import type {
  Counters,
  DesiredRows,
  FleetRow,
  InstanceRow,
  NodeRow,
  NodeRows,
  PoolRow,
  SecretRow,
  TenantRow,
} from "./rows.ts";

/** An entry of the coordinator; the store adds its chain's place and the generation that it began. */
export type CoordinatorDraft = Omit<AuditDraft, "generation" | "writer">;

/** A change of desired state was committed. */
export interface Committed {
  /** The cluster's generation that holds it. */
  readonly generation: number;
  /** The nodes whose specs it changed, with their generations. */
  readonly nodes: readonly { readonly nodeId: NodeId; readonly generation: number }[];
}

interface Decided {
  /** The generation of the rows that this was decided from. */
  readonly expectedGeneration: number;
  readonly audit: readonly CoordinatorDraft[];
}

/** Rows that a change makes or replaces whole; `generation` in them is ignored, the store sets it. */
export interface ChangedRows {
  readonly tenants: readonly TenantRow[];
  readonly pools: readonly PoolRow[];
  readonly instances: readonly InstanceRow[];
  readonly counters: Counters;
}

export interface FleetCommit extends Decided, ChangedRows {
  /** The version that the new fleet replaces; MVM_FLEET_CONFLICT when another one is in force. */
  readonly expectedVersion: number;
  readonly fleet: Fleet;
  readonly sourceHash: string;
  readonly appliedAt: string;
  readonly appliedBy: string;
  readonly secrets: readonly SecretRow[];
}

export interface HoldCommit {
  readonly instanceId: InstanceId;
  readonly hold: Hold;
  readonly audit: readonly CoordinatorDraft[];
}

export interface TenantDestructionCommit extends Decided {
  readonly tenantId: TenantId;
  /** The fleet without the tenant. */
  readonly fleet: Fleet;
  readonly at: string;
  readonly by: string;
}

/** Instances that their nodes reported gone, and those that take their numbers. */
export interface ReplacementCommit extends Decided {
  readonly removed: readonly InstanceId[];
  readonly successors: ChangedRows;
}

export interface SecretCommit {
  readonly tenantId: TenantId;
  readonly name: SecretName;
  readonly sealed: string;
  readonly at: string;
  readonly audit: readonly CoordinatorDraft[];
}

export interface StatusCommit {
  readonly nodeId: NodeId;
  readonly status: NodeStatus;
  readonly receivedAt: string;
  /** New entries of the node's chains; taken only as far as they continue what is held. */
  readonly entries: readonly AuditEntry[];
}

export interface AuditFilter {
  readonly tenant?: TenantId | undefined;
  readonly instance?: InstanceId | undefined;
  readonly cause?: Cause | undefined;
  readonly writer?: string | undefined;
  /** ISO 8601, inclusive. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface Store {
  /** Rises with every commit of anything: what watchers compare. */
  revision(): Promise<number>;

  /** Makes the node known; a known one is left as it is. */
  ensureNode(nodeId: NodeId): Promise<void>;
  /** Begins a new generation of every node's spec when `fingerprint` (of all that specs hold beside rows) is not the last one's. */
  ensureSpecFingerprint(fingerprint: string): Promise<void>;

  readFleet(): Promise<FleetRow>;
  readDesired(tenantId?: TenantId): Promise<DesiredRows>;
  readSecrets(tenantId?: TenantId): Promise<readonly SecretRow[]>;
  readNodes(): Promise<readonly NodeRow[]>;
  /** Generation of the node's spec. @throws MvmError MVM_NODE_NOT_FOUND */
  nodeGeneration(nodeId: NodeId): Promise<number>;
  /** Whether any instance or tenant is to be destroyed. */
  hasDestructions(): Promise<boolean>;
  /** @throws MvmError MVM_NODE_NOT_FOUND */
  readNodeRows(nodeId: NodeId): Promise<NodeRows>;
  /** Newest first. */
  readAudit(filter: AuditFilter): Promise<readonly { readonly record: number; readonly entry: AuditEntry }[]>;
  /** A chain from its beginning, in order. */
  readChain(writer: string, tenantId: TenantId | null): Promise<readonly AuditEntry[]>;

  /** @throws MvmError MVM_FLEET_CONFLICT, MVM_STORE_CONFLICT, MVM_NET_OVERLAP */
  applyFleet(commit: FleetCommit): Promise<Committed>;
  /** @throws MvmError MVM_INSTANCE_NOT_FOUND, MVM_STORE_CONFLICT when it is being destroyed */
  putHold(commit: HoldCommit): Promise<Committed>;
  /** Ends the holds whose end has come at `now`; null when there is none. */
  endHolds(now: string, draft: (instance: InstanceRow, hold: Hold) => CoordinatorDraft): Promise<Committed | null>;
  /** @throws MvmError MVM_INSTANCE_NOT_FOUND */
  orderInstanceDestruction(instanceId: InstanceId, audit: readonly CoordinatorDraft[]): Promise<Committed>;
  /** Takes the tenant out of the fleet and orders all its instances destroyed. @throws MvmError MVM_STORE_CONFLICT */
  orderTenantDestruction(commit: TenantDestructionCommit): Promise<Committed>;
  /** @throws MvmError MVM_STORE_CONFLICT, MVM_NET_OVERLAP */
  replaceInstances(commit: ReplacementCommit): Promise<Committed>;
  /** Removes a destroyed tenant whole: pools, secrets, network. @throws MvmError MVM_STORE_CONFLICT while instances of it are left */
  removeTenant(tenantId: TenantId, audit: readonly CoordinatorDraft[]): Promise<Committed>;
  /** Sets a secret and begins a new secrets epoch of its tenant. @throws MvmError MVM_TENANT_NOT_FOUND */
  putSecret(commit: SecretCommit): Promise<Committed & { readonly secretsEpoch: number }>;

  /**
   * Keeps a node's newest status and appends its audit entries, each checked against its chain.
   * Does not begin a generation. @throws MvmError MVM_NODE_NOT_FOUND
   */
  recordStatus(commit: StatusCommit): Promise<readonly ChainHead[]>;

  /** Ends the use of the store; later operations fail. */
  close(): Promise<void>;
}

/** The writer of the coordinator's own chains. */
export const COORDINATOR_WRITER = "coordinator";
