/** Notes that a guest is ready: how long it took, that what failed before is over, and once a boot in the audit. */
import { isoTime, type AuditDraft, type Clock, type InstanceId, type NodeId } from "@mvm/core";
import type { InstanceRecord } from "../journal/instance-record.ts";
import type { Journal } from "../journal/journal.ts";

export interface SettlePorts {
  readonly journal: Pick<Journal, "record" | "operation" | "write">;
  readonly clock: Pick<Clock, "nowMs">;
}

/** Writes only what is new. @throws MvmError MVM_STORE_FAILED */
export function settle({ journal, clock }: SettlePorts, node: NodeId, id: InstanceId): void {
  const record = journal.record(id);
  if (record?.state !== "running" || journal.operation(id) !== null) return;
  const { boot, launched_at } = record;
  if (boot.ready_ms !== null && record.failure === null) return;
  const sinceLaunchMs = launched_at === null ? null : Math.max(0, Math.round(clock.nowMs() - Date.parse(launched_at)));
  const settled = { ...record, boot: { ...boot, ready_ms: boot.ready_ms ?? sinceLaunchMs }, failure: null };
  const isFirst = boot.ready_ms === null && sinceLaunchMs !== null;
  const audit = isFirst ? readyEntry(settled, { node, at: isoTime(clock.nowMs()), afterMs: sinceLaunchMs }) : null;
  journal.write({ record: settled, operation: null, audit });
}

/** Nobody orders readiness: the entry names what the start was made from. */
function readyEntry(
  { instance_id, tenant_id, state, made_from }: InstanceRecord,
  { node, at, afterMs }: { readonly node: NodeId; readonly at: string; readonly afterMs: number },
): AuditDraft {
  const { revision, config_hash, generation } = made_from;
  return {
    at,
    writer: node,
    tenant_id,
    instance_id,
    event: "instance.ready",
    from: state,
    to: state,
    cause: "reconcile",
    claimed_by: null,
    config_hash,
    revision,
    generation,
    detail: `the guest is ready ${afterMs} ms after its launch`,
  };
}
