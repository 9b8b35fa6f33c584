/** The coordinator's audit entries as drafts: who asked for what. Pure; the store chains and commits them. */
import {
  timeText,
  type Cause,
  type CoordinatorDraft,
  type FleetChange,
  type Hold,
  type InstanceId,
  type InstanceRow,
  type TenantId,
} from "@mvm/core";
import { goalOf } from "../spec/goal.ts";

/** What every entry of one command shares. */
export interface AuditContext {
  /** ISO 8601. */
  readonly at: string;
  /** Who asked, as the client claims it; null: nobody, it followed. */
  readonly claimedBy: string | null;
  readonly configHash: string;
  readonly cause: Cause;
}

export interface AuditFact {
  readonly event: string;
  readonly detail: string;
  readonly tenantId?: TenantId;
  readonly instanceId?: InstanceId;
  readonly from?: string;
  readonly to?: string;
  readonly revision?: string;
}

const MAX_DETAIL = 1000;

export function auditDraft(context: AuditContext, fact: AuditFact): CoordinatorDraft {
  return {
    at: context.at,
    tenant_id: fact.tenantId ?? null,
    instance_id: fact.instanceId ?? null,
    event: fact.event,
    from: fact.from ?? null,
    to: fact.to ?? null,
    cause: context.cause,
    claimed_by: context.claimedBy,
    config_hash: context.configHash,
    revision: fact.revision ?? null,
    detail: fact.detail.slice(0, MAX_DETAIL),
  };
}

/** One entry for the apply and one for each of its changes, on its tenant's chain. */
export function fleetDrafts(
  context: AuditContext,
  changes: readonly FleetChange[],
  sourceHash: string,
): CoordinatorDraft[] {
  const apply = auditDraft(context, {
    event: "fleet.apply",
    detail: `${changes.length} changes; source ${sourceHash}`,
  });
  const each = changes.map((change) =>
    auditDraft(context, {
      event: `plan.${change.kind}.${change.action}`,
      tenantId: change.tenant_id,
      ...(change.instance_id === null ? {} : { instanceId: change.instance_id }),
      detail:
        change.pool_id !== null && change.instance_id === null
          ? `pool ${change.pool_id}: ${change.reason}`
          : change.reason,
    }),
  );
  return [apply, ...each];
}

export function holdDraft(context: AuditContext, instance: InstanceRow, hold: Hold): CoordinatorDraft {
  return auditDraft(context, {
    event: "instance.hold",
    tenantId: instance.tenantId,
    instanceId: instance.instanceId,
    from: goalOf(instance),
    to: hold.wanted,
    detail: `${hold.kind} hold until ${hold.until === null ? "it is released" : timeText(hold.until)}`,
  });
}

export function holdEndedDraft(context: AuditContext, instance: InstanceRow, hold: Hold): CoordinatorDraft {
  return auditDraft(context, {
    event: "instance.hold.ended",
    tenantId: instance.tenantId,
    instanceId: instance.instanceId,
    from: hold.wanted,
    to: instance.wanted,
    detail: `the ${hold.kind} hold of ${hold.by} ended`,
  });
}
