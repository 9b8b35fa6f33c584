/** One instance as status shows it: record, decision and the guest's words in one document. Pure. */
import { isoTime, type Condition, type InstanceStatus, type MvmError, type Refusal } from "@mvm/core";
import type { WorkNotes } from "../execute/workers.ts";
import type { GuestView } from "../guests/guest-link.ts";
import type { InstanceRecord } from "../journal/instance-record.ts";
import type { SeenState } from "../lifecycle/vm-watches.ts";
import type { Decision } from "../plan/plan.ts";
import { troubleCondition } from "../plan/trouble.ts";
import { vmCondition } from "./vm-condition.ts";

export interface InstanceFacts {
  readonly record: InstanceRecord;
  /** Null for one that the spec does not name. */
  readonly decision: Decision | null;
  /** Of the spec that was planned from; -1: none was. */
  readonly generation: number;
  readonly notes: WorkNotes | null;
  readonly guest: GuestView | null;
  /** What the newest look at its VM found. */
  readonly vm: SeenState | null;
  /** Why it runs without its ingress port. */
  readonly ingressProblem: MvmError | null;
}

export function instanceStatus(facts: InstanceFacts): InstanceStatus {
  const { record, decision, guest, ingressProblem } = facts;
  const { attachment, boot, made_from: made } = record;
  return {
    instance_id: record.instance_id,
    tenant_id: record.tenant_id,
    role: record.role,
    profile: record.profile,
    type_hash: made.type_hash,
    revision: made.revision,
    state: record.state,
    entered_at: record.entered_at,
    ready_since: guest?.report.ready === true ? (guest.readySince ?? firstReadyAt(record)) : null,
    ipv4: attachment.ipv4,
    ingress_port: attachment.ingress_port,
    uid: record.uid,
    pid: record.vm?.process.pid ?? null,
    config_version: made.config_version,
    secrets_epoch: made.secrets_epoch,
    config_hash: made.config_hash,
    volume_generation: record.volume_generation,
    data_mib: made.resources.data_mib,
    boot,
    condition: stallOf(facts) ?? vmCondition(record.instance_id, facts.vm) ?? standingFailure(facts),
    refusal: decision?.refusal ?? ingressRefusal(ingressProblem),
    waiting_for: decision?.waitingFor ?? decision?.pending ?? null,
    guest: guest?.report ?? null,
  };
}

/** When the guest became ready after its boot: what is known of one that an agent before this one saw become ready. */
function firstReadyAt({ launched_at: launchedAt, boot }: InstanceRecord): string | null {
  return launchedAt === null || boot.ready_ms === null ? null : isoTime(Date.parse(launchedAt) + boot.ready_ms);
}

/** What could not even be journalled, as a condition. */
function stallOf({ notes }: InstanceFacts): Condition | null {
  return notes?.stalled ? troubleCondition(notes.stalled) : null;
}

/** What failed and still matters: a start that nobody wants any more, or that is tried anew, is no trouble. */
function standingFailure({ record, decision, generation, notes }: InstanceFacts): Condition | null {
  const { failure, state, made_from: made } = record;
  if (failure === null) return null;
  const isUnwanted = decision !== null && decision.wish !== "running" && decision.refusal === null;
  if (failure.operation === "start" && isUnwanted) return null;
  if (failure.condition.retry_at !== null) return failure.condition;
  const isTriedAnew = state !== "stopped" || (notes?.busy ?? null) !== null || made.generation !== generation;
  return isTriedAnew ? null : failure.condition;
}

function ingressRefusal(problem: MvmError | null): Refusal | null {
  if (problem === null) return null;
  const { code, message, remedy } = problem;
  return { rule: "ingress", code, message, remedy };
}
