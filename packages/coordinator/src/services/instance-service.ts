/**
 * Instances: shown, started, stopped and destroyed by hand. A command changes the spec and returns;
 * what comes of it stands in the views.
 */
import {
  isoTime,
  MvmError,
  soonText,
  splitInstanceId,
  type Hold,
  type InstanceCommandAnswer,
  type InstanceId,
  type InstanceRow,
  type InstanceView,
  type NodeId,
  type TenantId,
} from "@mvm/core";
import { auditDraft, holdDraft } from "../audit/drafts.ts";
import { instanceViews } from "../views/instance-view.ts";
import { auditContext, type ServiceDeps } from "./deps.ts";

const MS_PER_SECOND = 1000;

export interface InstanceService {
  list(filter: { readonly tenant?: TenantId | undefined; readonly node?: NodeId | undefined }): Promise<InstanceView[]>;
  /** @throws MvmError MVM_INSTANCE_NOT_FOUND */
  get(id: InstanceId): Promise<InstanceView>;
  /** A hold with that wish. @throws MvmError MVM_INSTANCE_NOT_FOUND, MVM_STATE_INVALID_TRANSITION */
  hold(id: InstanceId, wanted: "running" | "stopped", claimedBy: string): Promise<InstanceCommandAnswer>;
  /** @throws MvmError MVM_INSTANCE_NOT_FOUND */
  destroy(id: InstanceId, claimedBy: string): Promise<InstanceCommandAnswer>;
}

export function instanceService(deps: ServiceDeps): InstanceService {
  const { store, settings, clock } = deps;

  async function list(filter: {
    readonly tenant?: TenantId | undefined;
    readonly node?: NodeId | undefined;
  }): Promise<InstanceView[]> {
    const views = instanceViews(await store.readDesired(filter.tenant), await store.readNodes());
    return filter.node === undefined ? views : views.filter(({ node }) => node === filter.node);
  }

  async function get(id: InstanceId): Promise<InstanceView> {
    const found = (await list({ tenant: splitInstanceId(id).tenant })).find((view) => view.instance_id === id);
    return found ?? notFound(id);
  }

  async function rowOf(id: InstanceId): Promise<InstanceRow> {
    const rows = await store.readDesired(splitInstanceId(id).tenant);
    return rows.instances.find(({ instanceId }) => instanceId === id) ?? notFound(id);
  }

  return {
    list,
    get,
    async hold(id, wanted, claimedBy) {
      const row = await rowOf(id);
      if (row.wanted === "destroyed") throw beingDestroyed(id, wanted === "running" ? "start" : "stop");
      const context = auditContext(deps, "manual", claimedBy);
      const until = isoTime(clock.nowMs() + settings.holdSeconds * MS_PER_SECOND);
      const hold: Hold = {
        kind: wanted === "stopped" ? "hard" : "soft",
        wanted,
        until,
        by: claimedBy,
        since: context.at,
      };
      const { generation } = await store.putHold({ instanceId: id, hold, audit: [holdDraft(context, row, hold)] });
      deps.changes.raise();
      deps.logger.info("instance.held", { reason: "manual", instance: id, wanted, until, claimed_by: claimedBy });
      return { instance: await get(id), generation, note: holdNote(row, hold, clock.nowMs()) };
    },
    async destroy(id, claimedBy) {
      const row = await rowOf(id);
      if (row.wanted === "destroyed")
        return { instance: await get(id), generation: row.generation, note: "it is being destroyed already" };
      const context = auditContext(deps, "manual", claimedBy);
      const ordered = {
        event: "instance.destroy.ordered",
        tenantId: row.tenantId,
        instanceId: id,
        from: row.wanted,
        to: "destroyed",
      };
      const { generation } = await store.orderInstanceDestruction(id, [
        auditDraft(context, { ...ordered, detail: "with its data" }),
      ]);
      deps.changes.raise();
      deps.logger.info("instance.destroy.ordered", { reason: "manual", instance: id, claimed_by: claimedBy });
      const note =
        row.wanted === "running"
          ? "the pool's counts want its number: it comes back new, with an empty data volume"
          : null;
      return { instance: await get(id), generation, note };
    },
  };
}

/** What follows when the hold ends, where that is not what was asked for. */
function holdNote(row: InstanceRow, hold: Hold, nowMs: number): string | null {
  if (row.wanted === hold.wanted) return null;
  const then = row.wanted === "running" ? "starts" : "stops";
  const end = hold.until === null ? "its release" : soonText(hold.until, nowMs);
  return `the pool's counts want it ${row.wanted}: it ${then} when the hold ends at ${end}`;
}

function notFound(id: InstanceId): never {
  throw new MvmError("MVM_INSTANCE_NOT_FOUND", { message: `there is no instance '${id}'`, details: { instance: id } });
}

function beingDestroyed(id: InstanceId, event: string): MvmError {
  return new MvmError("MVM_STATE_INVALID_TRANSITION", {
    message: `'${event}' is not allowed for instance '${id}': it is being destroyed`,
    remedy: "Wait until it is gone; if the counts want its number, it comes back new.",
    details: { instance: id, event },
  });
}
