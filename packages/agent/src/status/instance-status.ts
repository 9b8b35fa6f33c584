/** One instance as status shows it: record, decision and the guest's words in one document. Pure. */
import { isoTime, type Condition, type InstanceStatus, type MvmError, type Refusal } from "@mvm/core";
import type { WorkNotes } from "../execute/workers.ts";
import type { GuestView } from "../guests/guest-link.ts";
import type { InstanceRecord } from "../journal/instance-record.ts";
import type { Decision } from "../plan/plan.ts";

export interface InstanceFacts {
  readonly record: InstanceRecord;
  /** Null for one that the spec does not name. */
  readonly decision: Decision | null;
  readonly notes: WorkNotes | null;
  readonly guest: GuestView | null;
  /** Why it runs without its ingress port. */
  readonly ingressProblem: MvmError | null;
}

export function instanceStatus({ record, decision, notes, guest, ingressProblem }: InstanceFacts): InstanceStatus {
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
    ipv4: attachment.ipv4,
    ingress_port: attachment.ingress_port,
    uid: record.uid,
    pid: record.vm?.process.pid ?? null,
    config_version: made.config_version,
    secrets_epoch: made.secrets_epoch,
    config_hash: made.config_hash,
    volume_generation: record.volume_generation,
    boot,
    condition: stallOf(notes, record) ?? record.failure?.condition ?? null,
    refusal: decision?.refusal ?? ingressRefusal(ingressProblem),
    waiting_for: decision?.waitingFor ?? decision?.pending ?? null,
    guest: guest?.report ?? null,
  };
}

/** What could not even be journalled, as a condition. */
function stallOf(notes: WorkNotes | null, { entered_at }: InstanceRecord): Condition | null {
  const stalled = notes?.stalled ?? null;
  if (stalled === null) return null;
  const { message, retryAtMs } = stalled;
  return {
    code: "MVM_STORE_FAILED",
    message,
    remedy: "Check the disk of the state directory and the agent's log.",
    since: entered_at,
    attempts: 1,
    retry_at: isoTime(retryAtMs),
  };
}

function ingressRefusal(problem: MvmError | null): Refusal | null {
  if (problem === null) return null;
  const { code, message, remedy } = problem;
  return { rule: "ingress", code, message, remedy };
}
