/**
 * What the node looks like, for the planner: the journal's records joined with what this agent alone
 * knows (work under way, VMs found dead, guests' words, refusals). Reads memory only.
 */
import { splitInstanceId, type InstanceId } from "@mvm/core";
import type { Workers, WorkNotes } from "../execute/workers.ts";
import type { GuestLinks } from "../guests/guest-links.ts";
import type { Failure, InstanceRecord } from "../journal/instance-record.ts";
import type { Journal } from "../journal/journal.ts";
import { isUntouchedGrowth } from "../lifecycle/withdraw-growth.ts";
import type { NetworkUpkeep } from "../lifecycle/network-upkeep.ts";
import type { VmWatches } from "../lifecycle/vm-watches.ts";
import type { Observed, ObservedInstance } from "../plan/plan.ts";
import { unseen } from "../plan/views.ts";

export interface ObservationSources {
  readonly journal: Pick<Journal, "records" | "operation">;
  readonly workers: Pick<Workers, "notes">;
  readonly links: Pick<GuestLinks, "isReady">;
  readonly watches: Pick<VmWatches, "isLost">;
  readonly upkeep: Pick<NetworkUpkeep, "observed">;
}

const NO_NOTES: WorkNotes = { busy: null, refused: null, stalled: null };

export function observeNode(sources: ObservationSources): Observed {
  const notes = sources.workers.notes();
  const instances = new Map<InstanceId, ObservedInstance>();
  // An instance whose first operation was refused, or still looks at the host, is not journalled yet.
  for (const [id, { busy, refused, stalled }] of notes) {
    instances.set(id, { ...unseen(splitInstanceId(id).tenant), busy, refused, failed: stalled });
  }
  for (const record of sources.journal.records()) {
    instances.set(record.instance_id, observeInstance(record, sources, notes.get(record.instance_id) ?? NO_NOTES));
  }
  return { instances, networks: sources.upkeep.observed() };
}

function observeInstance(
  record: InstanceRecord,
  { journal, links, watches }: ObservationSources,
  notes: WorkNotes,
): ObservedInstance {
  const { instance_id: id, vm } = record;
  const operation = journal.operation(id);
  return {
    tenant: record.tenant_id,
    state: record.state,
    enteredAtMs: Date.parse(record.entered_at),
    volumeUuid: record.volume_uuid,
    madeFrom: record.made_from,
    open: operation?.kind ?? null,
    untouchedGrowthMib: operation !== null && isUntouchedGrowth(operation) ? operation.data_mib : null,
    busy: notes.busy,
    vmLost: vm !== null && watches.isLost(vm),
    ready: vm !== null && links.isReady(vm),
    failed: notes.stalled ?? failedOf(record.failure),
    refused: notes.refused,
  };
}

function failedOf(failure: Failure | null): ObservedInstance["failed"] {
  if (failure === null) return null;
  const { message, retry_at: retryAt } = failure.condition;
  return { operation: failure.operation, message, retryAtMs: retryAt === null ? null : Date.parse(retryAt) };
}
