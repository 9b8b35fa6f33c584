/**
 * Audit entries for what changes no state and therefore stands in no ledger: work that a newer intent
 * ends early, and wishes that a rule refuses. Called by the reconcile loop.
 *
 * A refusal is told when it begins and when its reason changes, however often it is found again. An
 * entry that can't be written is an error in the log: it never keeps anything else from happening.
 */
import {
  isoTime,
  messageOf,
  splitInstanceId,
  type AuditDraft,
  type Clock,
  type InstanceId,
  type Logger,
  type NodeId,
  type NodeSpec,
  type Refusal,
} from "@mvm/core";
import type { Journal } from "../journal/journal.ts";
import type { OperationKind, Reason } from "../journal/operation-record.ts";
import type { Decision, Observed } from "../plan/plan.ts";

export interface AuditNotes {
  /** @param reason of the newer intent, with who ordered it */
  interrupted(id: InstanceId, operation: OperationKind, reason: Reason): void;
  /** The decisions of one plan; tells of refusals among them that were not told yet. */
  decided(round: {
    readonly spec: NodeSpec;
    readonly observed: Observed;
    readonly decisions: ReadonlyMap<InstanceId, Decision>;
  }): void;
}

export interface AuditNotesParts {
  readonly journal: Pick<Journal, "record" | "append">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Logger;
  readonly node: NodeId;
}

export function createAuditNotes({ journal, clock, log, node }: AuditNotesParts): AuditNotes {
  /** Rule and code of the refusal that was told last. */
  const told = new Map<InstanceId, string>();

  /** Whether the entry stands. */
  function append(id: InstanceId, event: string, { reason, detail }: { reason: Reason; detail: string }): boolean {
    const record = journal.record(id);
    const state = record?.state ?? "stopped";
    const draft: AuditDraft = {
      at: isoTime(clock.nowMs()),
      writer: node,
      tenant_id: splitInstanceId(id).tenant,
      instance_id: id,
      event,
      from: state,
      to: state,
      cause: reason.cause,
      claimed_by: reason.claimed_by,
      config_hash: reason.config_hash,
      revision: record?.made_from.revision ?? null,
      generation: reason.generation,
      detail: detail.slice(0, 1000),
    };
    try {
      journal.append(draft);
      return true;
    } catch (error) {
      log.error("audit.append.failed", { instance: id, event, error: messageOf(error) });
      return false;
    }
  }

  function refused(id: InstanceId, { code, message }: Refusal, reason: Reason): boolean {
    return append(id, "instance.refused", { reason, detail: `${code}: ${message}` });
  }

  return {
    interrupted(id, operation, reason) {
      append(id, `instance.${operation}.interrupted`, { reason, detail: reason.text });
    },
    decided({ spec, observed, decisions }) {
      for (const id of told.keys()) if (!decisions.has(id)) told.delete(id);
      for (const [id, decision] of decisions) {
        const { refusal } = decision;
        if (refusal === null) {
          // A refused start is looked at again and again: it is over when it runs, or is not wanted.
          const isOver = decision.wish !== "running" || observed.instances.get(id)?.state === "running";
          if (isOver) told.delete(id);
          continue;
        }
        const key = `${refusal.rule} ${refusal.code}`;
        if (told.get(id) !== key && refused(id, refusal, refusedWish(decision, spec))) told.set(id, key);
      }
    },
  };
}

/** The wish that was refused: why, and who asked. */
function refusedWish({ reason, claimedBy }: Decision, { generation, config_hash }: NodeSpec): Reason {
  const cause = claimedBy === null ? "reconcile" : "manual";
  return { cause, claimed_by: claimedBy, text: reason.slice(0, 500), generation, config_hash };
}
