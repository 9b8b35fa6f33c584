/**
 * What the store holds, as the program sees it: one type a thing, decoded and branded.
 *
 * Rows carry what the coordinator allocated once and never derives again (network, slot, volume,
 * port), so that an edited configuration moves nobody who is already there.
 */
import type { ConnectorSettings, Egress, Fleet, ModelSettings } from "../fleet/schema.ts";
import type { InstanceId, NodeId, PoolId, RevisionId, SecretName, TenantId } from "../ids.ts";
import type { Hold } from "../spec/node-spec.ts";
import type { NodeStatus } from "../spec/node-status.ts";
import type { Resources } from "../types/declarations.ts";
import type { ResolvedType } from "../types/resolved-type.ts";

/** The fleet as it was applied last. */
export interface FleetRow {
  /** Rises with every apply and with every command that edits the fleet; 0: none yet. */
  readonly version: number;
  /** SHA-256 of the file's bytes; null before the first apply. */
  readonly sourceHash: string | null;
  readonly appliedAt: string | null;
  readonly appliedBy: string | null;
  readonly fleet: Fleet;
}

/** A tenant's addresses and names; addresses as 32-bit numbers. Never changed after creation. */
export interface TenantNetworkRow {
  readonly tenantNetId: number;
  readonly subnetBase: number;
  readonly subnetPrefixLength: number;
  /** Base of the /30 between host and namespace. */
  readonly uplinkBase: number;
  readonly namespace: string;
  readonly hostInterface: string;
}

export interface TenantRow {
  readonly tenantId: TenantId;
  /** `released`: vanished from the fleet, stopped, data kept. `destroying`: being erased. */
  readonly standing: "present" | "released" | "destroying";
  readonly network: TenantNetworkRow;
  /** Where the search for the next address slot begins: given-back slots rest until the range wraps. */
  readonly nextSlot: number;
  readonly egress: Egress;
  readonly model: ModelSettings | null;
  readonly connectors: ConnectorSettings;
  readonly secretsEpoch: number;
  readonly configVersion: number;
  /** Cluster generation of the tenant's newest change. Set by the store. */
  readonly generation: number;
  readonly createdAt: string;
}

export interface PoolRow {
  readonly tenantId: TenantId;
  readonly poolId: PoolId;
  /** The type as it was resolved at the apply. */
  readonly type: ResolvedType;
  readonly revision: RevisionId;
  readonly resources: Resources;
  /** How many are kept running. */
  readonly running: number;
  /** Whether it vanished from the fleet: instances stopped, data kept. */
  readonly released: boolean;
}

export interface InstanceRow {
  readonly instanceId: InstanceId;
  readonly tenantId: TenantId;
  readonly poolId: PoolId;
  readonly number: number;
  readonly nodeId: NodeId;
  /** Place in the tenant's subnet; address, MAC and tap name follow from it. */
  readonly slot: number;
  readonly volumeUuid: string;
  readonly ingressPort: number | null;
  readonly wanted: "running" | "stopped" | "destroyed";
  readonly hold: Hold | null;
  /** Cluster generation of the instance's newest change. Set by the store. */
  readonly generation: number;
  readonly createdAt: string;
}

export interface SecretRow {
  readonly tenantId: TenantId;
  readonly name: SecretName;
  /** Sealed under the tenant's key, base64. */
  readonly sealed: string;
  /** Whether the coordinator made it. */
  readonly generated: boolean;
  /** The tenant's secrets epoch that its newest change began. */
  readonly epoch: number;
  readonly changedAt: string;
}

export interface NodeRow {
  readonly nodeId: NodeId;
  /** Generation of the node's spec: the cluster's generation at its newest change. */
  readonly generation: number;
  /** The newest status; null: it never reported. */
  readonly status: NodeStatus | null;
  readonly receivedAt: string | null;
  /** Its chains of audit entries (of one tenant, or of none) whose newest delivery was refused, and why. */
  readonly refusedChains: readonly { readonly tenantId: TenantId | null; readonly problem: string }[];
}

/** Where the search for the next free number begins; they rise and wrap, so that released numbers rest. */
export interface Counters {
  readonly nextTenantNetId: number;
  readonly nextIngressPort: number;
}

/** The desired state (of all or of one tenant), read at one moment. */
export interface DesiredRows {
  /** Rises with every change of desired state; what a change was decided from, and must still be. */
  readonly generation: number;
  readonly counters: Counters;
  readonly tenants: readonly TenantRow[];
  readonly pools: readonly PoolRow[];
  readonly instances: readonly InstanceRow[];
}

/** All that a node's spec is made of, read at one moment. */
export interface NodeRows {
  readonly node: NodeRow;
  readonly tenants: readonly TenantRow[];
  readonly pools: readonly PoolRow[];
  /** Only those placed on the node. */
  readonly instances: readonly InstanceRow[];
  readonly secrets: readonly SecretRow[];
}
