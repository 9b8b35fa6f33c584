/** The node's status: the full roster of what the spec names and what this node holds besides. Pure. */
import {
  hostMemMib,
  isoTime,
  type InstanceAlarm,
  type InstanceId,
  type InstanceStatus,
  type MemOverhead,
  type NetworkCondition,
  type NodeSpec,
  type NodeStatus,
  type TenantId,
} from "@mvm/core";
import type { WorkNotes } from "../execute/workers.ts";
import type { InstanceRecord } from "../journal/instance-record.ts";
import { recordFor } from "../lifecycle/fresh-record.ts";
import type { Observed, ObservedNetwork, Plan } from "../plan/plan.ts";
import { troubleCondition } from "../plan/trouble.ts";
import { viewsOf } from "../plan/views.ts";
import type { AgentSettings } from "../settings.ts";
import { instanceStatus, type InstanceFacts } from "./instance-status.ts";

/** What is true of the node as a whole, as it was last looked at; each look makes a new one. */
export interface NodeFacts {
  readonly agentVersion: string;
  readonly startedAtMs: number;
  readonly driver: NodeStatus["driver"];
  /** What a VM takes of the host's memory beyond its guest's. */
  readonly memOverhead: MemOverhead;
  readonly relaxations: readonly string[];
}

export interface NodeStatusParts {
  readonly settings: AgentSettings;
  readonly facts: NodeFacts;
  readonly nowMs: number;
  /** Null until the first spec came. */
  readonly planned: { readonly spec: NodeSpec; readonly observed: Observed; readonly plan: Plan } | null;
  readonly records: readonly InstanceRecord[];
  /** When the instance with that volume first came in a spec, where the journal tells. */
  readonly firstSeen: (volumeUuid: string) => string | null;
  readonly notes: ReadonlyMap<InstanceId, WorkNotes>;
  readonly networks: ReadonlyMap<TenantId, ObservedNetwork>;
  /** What running guests, looks at their VMs and the ingress say, by record. */
  readonly live: (record: InstanceRecord) => Pick<InstanceFacts, "guest" | "vm" | "ingressProblem">;
}

export function nodeStatus(parts: NodeStatusParts): NodeStatus {
  const { settings, facts, nowMs, planned, records } = parts;
  const instances = rosterOf(parts).map((record) => statusOf(record, parts));
  const allocated = records.filter(({ state }) => state !== "stopped" && state !== "destroyed");
  return {
    schema_version: 1,
    node: settings.node,
    mode: settings.mode,
    agent_version: facts.agentVersion,
    started_at: isoTime(facts.startedAtMs),
    reported_at: isoTime(nowMs),
    config: settings.config,
    observed_generation: planned?.spec.generation ?? -1,
    converged: planned?.plan.converged ?? false,
    driver: facts.driver,
    relaxations: [...facts.relaxations],
    alarms: alarmsOf(records),
    capacity: {
      cpus: settings.cpus,
      mem_mib: settings.guestMemMib,
      allocated_mem_mib: allocated.reduce(
        (sum, { made_from }) => sum + hostMemMib(made_from.resources.mem_mib, facts.memOverhead),
        0,
      ),
      overhead: facts.memOverhead,
    },
    // A network, a directory or a volume is there only with an instance that is not destroyed.
    tenants: [
      ...new Set(records.filter(({ state }) => state !== "destroyed").map(({ tenant_id }) => tenant_id)),
    ].sort(),
    network_conditions: networkConditions(parts),
    instances,
  };
}

/** Whatever is wanted of the instance now: a wish mends no host. */
function alarmsOf(records: readonly InstanceRecord[]): InstanceAlarm[] {
  return records
    .flatMap(({ instance_id, failure }) =>
      failure?.condition.severity === "alarm" ? [{ instance_id, condition: failure.condition }] : [],
    )
    .sort((a, b) => (a.instance_id < b.instance_id ? -1 : 1));
}

function networkConditions({ networks }: NodeStatusParts): NetworkCondition[] {
  return [...networks]
    .flatMap(([tenant_id, { failed }]) => (failed === null ? [] : [{ tenant_id, condition: troubleCondition(failed) }]))
    .sort((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1));
}

/** Every record, and for each instance that was never begun the record that it would begin with. */
function rosterOf({ planned, records, facts, firstSeen }: NodeStatusParts): readonly InstanceRecord[] {
  if (planned === null) return records;
  const { spec, observed } = planned;
  const known = new Map(records.map((record) => [record.instance_id, record]));
  const startedAt = isoTime(facts.startedAtMs);
  for (const view of viewsOf(spec, observed)) {
    const now = firstSeen(view.instance.volume_uuid) ?? startedAt;
    const first = { config_hash: spec.config_hash, generation: spec.generation, now };
    known.set(view.id, recordFor(view, known.get(view.id) ?? null, first));
  }
  return [...known.values()].sort((a, b) => (a.instance_id < b.instance_id ? -1 : 1));
}

function statusOf(record: InstanceRecord, { planned, notes, live }: NodeStatusParts): InstanceStatus {
  const id = record.instance_id;
  const decision = planned?.plan.decisions.get(id) ?? null;
  const generation = planned?.spec.generation ?? -1;
  return instanceStatus({ record, decision, generation, notes: notes.get(id) ?? null, ...live(record) });
}
