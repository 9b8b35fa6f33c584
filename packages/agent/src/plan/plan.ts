/**
 * What goes into a plan and what comes out: plain data, times in milliseconds since 1970.
 *
 * The planner (`plan-node.ts`) is the only one who decides; the executor does what `actions` say
 * and status shows what `decisions` say, so that the two can't tell different stories.
 */
import type { InstanceId, InstanceState, MemOverhead, Refusal, TenantId, TenantNetworkSpec } from "@mvm/core";
import type { MadeFrom } from "../journal/instance-record.ts";
import type { OperationKind, Reason, StartOrder } from "../journal/operation-record.ts";
import type { InstanceTarget } from "../lifecycle/fresh-record.ts";
import type { Trouble } from "./trouble.ts";

/** What is known of one instance on this node. */
export interface ObservedInstance {
  readonly tenant: TenantId;
  readonly state: InstanceState;
  readonly enteredAtMs: number;
  /** The volume that this node holds for it; null: none yet. */
  readonly volumeUuid: string | null;
  readonly madeFrom: MadeFrom | null;
  /** The operation that the journal holds open. */
  readonly open: OperationKind | null;
  /** What the volume was to hold after an open growth that has changed nothing yet; null: there is none. */
  readonly untouchedGrowthMib: number | null;
  /** The operation that is being worked on right now. */
  readonly busy: OperationKind | null;
  /** Its VM was found dead. */
  readonly vmLost: boolean;
  /** The guest says that it is ready. */
  readonly ready: boolean;
  /** An operation failed and is not to be tried before; `retryAtMs` null: not for the generation that it was made from. */
  readonly failed: {
    readonly operation: OperationKind;
    readonly message: string;
    readonly retryAtMs: number | null;
  } | null;
  /** A start was refused by a look at the host and is not looked at again before. */
  readonly refused: { readonly refusal: Refusal; readonly recheckAtMs: number } | null;
}

export interface ObservedNetwork {
  /** Hash of the tenant's network as it was applied last by this agent; null: not yet. */
  readonly appliedHash: string | null;
  readonly busy: boolean;
  /** Its rules could not be put in place. */
  readonly failed: Trouble | null;
}

export interface Observed {
  readonly instances: ReadonlyMap<InstanceId, ObservedInstance>;
  readonly networks: ReadonlyMap<TenantId, ObservedNetwork>;
}

export interface PlanPolicy {
  /** How many instances boot at the same time. */
  readonly parallelStarts: number;
  /** How long an instance that runs but is not ready counts as booting. */
  readonly bootWindowMs: number;
  /** Memory that VMs may take together. */
  readonly guestMemMib: number;
  /** What each takes of it beyond its guest's memory. */
  readonly memOverhead: MemOverhead;
}

export type Wish = "running" | "stopped" | "destroyed";
export type RuleName = "destroy" | "safety" | "hold" | "counts" | "capacity";

/** What is wanted of one instance, by which rule, and what stands in the way. */
export interface Decision {
  readonly wish: Wish;
  readonly rule: RuleName;
  /** One sentence: why this is wanted. */
  readonly reason: string;
  /** Who asked, as claimed, when it was a person. */
  readonly claimedBy: string | null;
  readonly refusal: Refusal | null;
  /** What has to happen first: `acme-gw-0 to be ready`. */
  readonly waitingFor: string | null;
  /** What it lacks of what the spec says, because it is put off or only a restart will bring it; nothing is wrong meanwhile. */
  readonly pending: string | null;
  /** When this decision may change by itself. */
  readonly untilMs: number | null;
}

export type Action =
  | { readonly kind: "start"; readonly id: InstanceId; readonly order: StartOrder; readonly reason: Reason }
  | { readonly kind: "destroy"; readonly id: InstanceId; readonly target: InstanceTarget; readonly reason: Reason }
  | { readonly kind: "grow"; readonly id: InstanceId; readonly dataMib: number; readonly reason: Reason }
  | { readonly kind: "stop" | "release" | "resume"; readonly id: InstanceId; readonly reason: Reason }
  /** Ends an open growth that has touched nothing: the spec asks for another size now. */
  | { readonly kind: "withdraw"; readonly id: InstanceId; readonly reason: Reason }
  /** Ends the work under way early: something else is wanted now. */
  | { readonly kind: "interrupt"; readonly id: InstanceId; readonly reason: Reason }
  /** Drops the record of a destroyed instance that the spec names no more. */
  | { readonly kind: "forget"; readonly id: InstanceId }
  | { readonly kind: "apply-network"; readonly tenant: TenantId; readonly network: TenantNetworkSpec };

export interface Plan {
  readonly actions: readonly Action[];
  readonly decisions: ReadonlyMap<InstanceId, Decision>;
  /** When something changes by the passing of time alone; null: never. */
  readonly nextCheckAtMs: number | null;
  /** Nothing to do, nothing under way, nothing blocked. */
  readonly converged: boolean;
}
