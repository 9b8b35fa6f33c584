/**
 * One worker an instance: carries out what the plan says, one operation at a time.
 *
 * Nothing is queued. Who wants something else while a worker is busy asks for an interrupt, and the
 * next plan says what comes then: so operations never overlap and the newest intent wins.
 */
import type { InstanceId, Logger } from "@mvm/core";
import type { Journal } from "../journal/journal.ts";
import type { OperationKind, Reason } from "../journal/operation-record.ts";
import type { Intent, Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Outcome } from "../lifecycle/run-operation.ts";
import type { Action } from "../plan/plan.ts";
import type { AuditNotes } from "./audit-notes.ts";
import type { Refused, Stalled, Troubles } from "./troubles.ts";

type InstanceAction = Exclude<
  Action,
  { readonly kind: "interrupt" } | { readonly kind: "forget" } | { readonly kind: "apply-network" }
>;

export interface WorkNotes {
  readonly busy: OperationKind | null;
  readonly refused: Refused | null;
  /** What went wrong outside the journal. */
  readonly stalled: Stalled | null;
}

export interface Workers {
  /** Begins the action unless the instance has work under way. */
  begin(action: InstanceAction): void;
  /** Ends the work under way early, where that is safe; `reason` is the newer intent's. */
  interrupt(id: InstanceId, reason: Reason): void;
  /** What is known of each instance that has work under way or had trouble; others are not in it. */
  notes(): ReadonlyMap<InstanceId, WorkNotes>;
  /** Interrupts all work and waits for its end. What is open stays in the journal. */
  close(): Promise<void>;
}

export interface WorkersParts {
  readonly lifecycle: Lifecycle;
  readonly journal: Pick<Journal, "operation">;
  readonly troubles: Troubles;
  readonly audit: Pick<AuditNotes, "interrupted">;
  readonly log: Logger;
  /** Called after each operation's end. */
  readonly changed: () => void;
}

interface Work {
  readonly kind: OperationKind;
  readonly abort: AbortController;
  ended: Promise<void>;
}

export function createWorkers({ lifecycle, journal, troubles, audit, log, changed }: WorkersParts): Workers {
  const working = new Map<InstanceId, Work>();

  async function work(action: InstanceAction, kind: OperationKind, signal: AbortSignal): Promise<void> {
    const { id, reason } = action;
    log.info("operation.begin", {
      instance: id,
      operation: kind,
      reason: reason.cause,
      why: reason.text,
      by: reason.claimed_by,
    });
    try {
      const outcome = await perform(lifecycle, action, { reason, signal });
      if (outcome.kind === "refused") troubles.noteRefusal(id, outcome.error);
      else troubles.clear(id);
      log.info("operation.end", { instance: id, operation: kind, reason: reason.cause, outcome: outcome.kind });
    } catch (error) {
      troubles.noteStall(id, journal.operation(id)?.kind ?? kind, error);
    } finally {
      working.delete(id);
      changed();
    }
  }

  return {
    begin(action) {
      const { id } = action;
      const isOpen = action.kind === "resume" || action.kind === "withdraw";
      const kind = isOpen ? journal.operation(id)?.kind : action.kind;
      if (kind === undefined || working.has(id)) return;
      const abort = new AbortController();
      // The entry must stand before the work begins: its first part runs at once.
      const entry: Work = { kind, abort, ended: Promise.resolve() };
      working.set(id, entry);
      entry.ended = work(action, kind, abort.signal);
    },
    interrupt(id, reason) {
      const begun = working.get(id);
      // Asked again with every plan until the work has ended.
      if (begun === undefined || begun.abort.signal.aborted) return;
      audit.interrupted(id, begun.kind, reason);
      log.info("operation.interrupted", {
        instance: id,
        operation: begun.kind,
        reason: reason.cause,
        why: reason.text,
        by: reason.claimed_by,
      });
      begun.abort.abort();
    },
    notes() {
      const ids = new Set([...working.keys(), ...troubles.ids()]);
      return new Map([...ids].map((id): [InstanceId, WorkNotes] => [id, notesOf(id)]));
    },
    async close() {
      const all = [...working.values()];
      for (const { abort } of all) abort.abort();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };

  function notesOf(id: InstanceId): WorkNotes {
    return { busy: working.get(id)?.kind ?? null, refused: troubles.refused(id), stalled: troubles.stalled(id) };
  }
}

function perform(lifecycle: Lifecycle, action: InstanceAction, intent: Intent): Promise<Outcome> {
  switch (action.kind) {
    case "start":
      return lifecycle.start(action.order, intent);
    case "grow":
      return lifecycle.grow(action.id, action.dataMib, intent);
    case "withdraw":
      return lifecycle.withdrawGrowth(action.id, intent);
    case "destroy":
      return lifecycle.destroy(action.target, intent);
    case "stop":
    case "release":
    case "resume":
      return lifecycle[action.kind](action.id, intent);
  }
}
