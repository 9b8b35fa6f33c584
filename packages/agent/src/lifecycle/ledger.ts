/**
 * The ledger of one open operation: the only writer of an instance's state and of its operation.
 *
 * The intent is durable before the first effect, each step after its effect, and every change of
 * state or direction stands in one transaction with its audit entry. If a write fails nothing has
 * changed, here or in the journal.
 */
import { isoTime, transition, type AuditDraft, type Clock, type InstanceEvent, type NodeId } from "@mvm/core";
import type { Failure, InstanceRecord } from "../journal/instance-record.ts";
import type { Journal } from "../journal/journal.ts";
import type { OperationRecord } from "../journal/operation-record.ts";
import { failureText } from "./failure.ts";

/** What steps may write of a record; identity and state are not among it. */
export type Facts = Pick<
  InstanceRecord,
  "uid" | "attached" | "vm" | "launched_at" | "volume_generation" | "boot" | "made_from"
>;

export interface Ledger {
  record(): InstanceRecord;
  operation(): OperationRecord;
  /** Changes facts in memory; durable with the next entry. */
  note(facts: Partial<Facts>): void;
  /** Makes what was noted durable now. */
  save(): void;
  stepDone(name: string): void;
  stepUndone(name: string): void;
  /** From here on the operation goes back. */
  turnBack(failure: Failure): void;
  /** The operation stays open and is to be tried again; the audit tells it when the cause is a new one. */
  postpone(failure: Failure): void;
  /** Ends the operation; `event` null: the state is right already. */
  close(event: InstanceEvent | null, outcome: { readonly detail: string; readonly failure: Failure | null }): void;
}

export interface LedgerParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly node: NodeId;
}

/** Opens an operation: its intent and the state that `begin` leads into, in place of any that was open. */
export function openLedger(
  parts: LedgerParts,
  intent: { readonly record: InstanceRecord; readonly operation: OperationRecord; readonly begin: InstanceEvent },
): Ledger {
  const { record, operation, begin } = intent;
  const next = { ...record, ...moved(parts, record, begin) };
  parts.journal.write({
    record: next,
    operation,
    audit: entryOf(parts, { before: record, after: next, operation, event: begin, detail: operation.reason.text }),
  });
  return ledgerOver(parts, next, operation);
}

/** Takes up an operation that the journal holds open. */
export function resumeLedger(parts: LedgerParts, record: InstanceRecord, operation: OperationRecord): Ledger {
  return ledgerOver(parts, record, operation);
}

function ledgerOver(parts: LedgerParts, openedRecord: InstanceRecord, openedOperation: OperationRecord): Ledger {
  let record = openedRecord;
  let operation = openedOperation;

  function put(change: {
    readonly record?: Partial<InstanceRecord>;
    readonly operation?: Partial<OperationRecord>;
    /** What the audit tells of it; the detail is the failure's. */
    readonly event?: string | null;
  }): void {
    const next = { record: { ...record, ...change.record }, operation: { ...operation, ...change.operation } };
    const { event = null } = change;
    const condition = change.record?.failure?.condition;
    const detail = condition === undefined ? "" : failureText(condition);
    const audit =
      event === null ? null : entryOf(parts, { before: record, after: next.record, operation, event, detail });
    parts.journal.write({ ...next, audit });
    ({ record, operation } = next);
  }

  function isNews({ operation: kind, condition }: Failure): boolean {
    return record.failure?.operation !== kind || record.failure.condition.code !== condition.code;
  }

  return {
    record: () => record,
    operation: () => operation,
    note(facts) {
      record = { ...record, ...facts };
    },
    save: () => put({}),
    stepDone: (name) => put({ operation: { done: [...operation.done, name] } }),
    stepUndone: (name) => put({ operation: { done: operation.done.filter((done) => done !== name) } }),
    turnBack: (failure) =>
      put({ record: { failure }, operation: { direction: "undo" }, event: `${operation.kind}.turned-back` }),
    postpone: (failure) => put({ record: { failure }, event: isNews(failure) ? `${operation.kind}.postponed` : null }),
    close(event, { detail, failure }) {
      const after = { ...record, ...(event === null ? {} : moved(parts, record, event)), failure };
      const audit = event === null ? null : entryOf(parts, { before: record, after, operation, event, detail });
      parts.journal.write({ record: after, operation: null, audit });
      record = after;
    },
  };
}

function moved(
  parts: LedgerParts,
  record: InstanceRecord,
  event: InstanceEvent,
): Pick<InstanceRecord, "state" | "entered_at"> {
  const state = transition(record.state, event);
  // A step towards the same state, such as a second stop, does not count as entering it anew.
  return { state, entered_at: state === record.state ? record.entered_at : isoTime(parts.clock.nowMs()) };
}

interface Entry {
  readonly before: InstanceRecord;
  readonly after: InstanceRecord;
  readonly operation: OperationRecord;
  /** Without the `instance.` that begins it. */
  readonly event: string;
  readonly detail: string;
}

function entryOf(parts: LedgerParts, { before, after, operation, event, detail }: Entry): AuditDraft {
  const { reason } = operation;
  return {
    at: isoTime(parts.clock.nowMs()),
    writer: parts.node,
    tenant_id: after.tenant_id,
    instance_id: after.instance_id,
    event: `instance.${event}`,
    from: before.state,
    to: after.state,
    cause: reason.cause,
    claimed_by: reason.claimed_by,
    config_hash: reason.config_hash,
    revision: after.made_from.revision,
    generation: reason.generation,
    detail: detail.slice(0, 1000),
  };
}
