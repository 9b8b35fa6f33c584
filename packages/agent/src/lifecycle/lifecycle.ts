/**
 * Lifecycle: the one way to change a VM. Starts, stops, grows, destroys, releases what a dead VM held,
 * and takes up what was cut. Called by the executor with at most one operation an instance at a time.
 *
 * Whenever a method is cut, the journal describes what the host then holds. Methods throw only what
 * the journal refuses to write (MVM_STORE_FAILED, MVM_STATE_INVALID_TRANSITION); all else is an outcome.
 */
import { isoTime, MvmError, type InstanceId, type KeyedTurns, type TenantId } from "@mvm/core";
import type { Failure, InstanceRecord } from "../journal/instance-record.ts";
import type { OperationKind, OperationRecord, Reason, StartOrder } from "../journal/operation-record.ts";
import { instancePaths } from "../node-paths.ts";
import type { AgentSettings } from "../settings.ts";
import { failureOf, stepError } from "./failure.ts";
import { recordFor, recordOfStart, type InstanceTarget } from "./fresh-record.ts";
import { openLedger, resumeLedger, type Ledger, type LedgerParts } from "./ledger.ts";
import { operationEvents, startSteps } from "./operations.ts";
import type { LifecyclePorts } from "./ports.ts";
import { recheckStart, runOneWay, runStart, turnBack, type Outcome } from "./run-operation.ts";
import { settle } from "./settle.ts";
import { shutDownAll } from "./shut-down.ts";
import { prepareStart, type Prepared } from "./start-context.ts";
import type { StepContext } from "./step.ts";
import { withdrawGrowth } from "./withdraw-growth.ts";

/** Why an operation runs, and what ends its waiting early. */
export interface Intent {
  readonly reason: Reason;
  /** Aborted by a newer intent. */
  readonly signal: AbortSignal;
}

export interface Lifecycle {
  /** From stopped to running. Refused without a trace when something that it needs is not as it must be. */
  start(order: StartOrder, intent: Intent): Promise<Outcome>;
  /** From wherever it is to stopped; the data stays. */
  stop(id: InstanceId, intent: Intent): Promise<Outcome>;
  /** Gives the data volume of one that runs more room, down to the guest's file system; it runs on. */
  grow(id: InstanceId, dataMib: number, intent: Intent): Promise<Outcome>;
  /** Closes a growth that the journal holds open and that has touched nothing; any other operation stays as it is. */
  withdrawGrowth(id: InstanceId, intent: Intent): Promise<Outcome>;
  /** From wherever it is to destroyed: nothing of it remains on this host. */
  destroy(target: InstanceTarget, intent: Intent): Promise<Outcome>;
  /** Its VM died by itself: stopped at once, then what it held is taken away. */
  release(id: InstanceId, intent: Intent): Promise<Outcome>;
  /** Takes up the operation that the journal holds open: forward where that is possible, else back. */
  resume(id: InstanceId, intent: Intent): Promise<Outcome>;
  /** Notes that the guest is ready: what failed before is over. */
  settle(id: InstanceId): void;
  /** Before the host goes down and after all else has ended: every guest stops by itself, within its time. */
  shutDownGuests(): Promise<void>;
}

export interface LifecycleParts {
  readonly settings: AgentSettings;
  readonly ports: LifecyclePorts;
  readonly turns: KeyedTurns<TenantId>;
}

export function createLifecycle(parts: LifecycleParts): Lifecycle {
  const { settings, ports } = parts;
  const { journal } = ports;
  return {
    start: (order, intent) => start(parts, order, intent),
    stop: (id, intent) => runThrough(parts, "stop", { record: expectRecord(parts, id), intent }),
    grow: (id, dataMib, intent) => runThrough(parts, "grow", { record: expectRecord(parts, id), dataMib, intent }),
    destroy(target, intent) {
      const record = recordFor(target, journal.record(target.instance.instance_id), {
        ...intent.reason,
        now: now(parts),
      });
      return runThrough(parts, "destroy", { record, intent });
    },
    release(id, intent) {
      const record = expectRecord(parts, id);
      return runThrough(parts, "release", { record: { ...record, failure: deathOf(parts, record) }, intent });
    },
    async resume(id, intent) {
      const operation = journal.operation(id);
      return operation === null ? { kind: "done" } : resume(parts, operation, intent);
    },
    async withdrawGrowth(id, intent) {
      const operation = journal.operation(id);
      if (operation === null) return { kind: "done" };
      const ledger = resumeLedger(ledgerParts(parts), expectRecord(parts, id), { ...operation, reason: intent.reason });
      return withdrawGrowth(contextOf(parts, ledger, intent));
    },
    settle: (id) => settle(ports, settings.node, id),
    shutDownGuests() {
      const vms = journal.records().flatMap(({ vm }) => vm ?? []);
      return shutDownAll(vms, { ports, settings, log: ports.log });
    },
  };
}

async function start(parts: LifecycleParts, order: StartOrder, intent: Intent): Promise<Outcome> {
  const known = recordFor(order, parts.ports.journal.record(order.instance.instance_id), {
    ...intent.reason,
    now: now(parts),
  });
  const prepared = await prepare(parts, order, known);
  if (prepared instanceof MvmError) return { kind: "refused", error: prepared };
  const record = recordOfStart(order, known, intent.reason);
  let ledger: Ledger | null = null;
  try {
    if (!intent.signal.aborted) ledger = open(parts, "start", { record, order, reason: intent.reason });
  } finally {
    // The look took the ingress port, and a start that does not begin has no step that gives it back.
    if (ledger === null) await parts.ports.ingress.release(record.instance_id);
  }
  if (ledger === null) return { kind: "interrupted" };
  return runStart(startSteps, { ...contextOf(parts, ledger, intent), order, ...prepared });
}

function runThrough(
  parts: LifecycleParts,
  kind: Exclude<OperationKind, "start">,
  given: { readonly record: InstanceRecord; readonly dataMib?: number; readonly intent: Intent },
): Promise<Outcome> {
  const { record, dataMib, intent } = given;
  const ledger = open(parts, kind, { record, reason: intent.reason, ...(dataMib === undefined ? {} : { dataMib }) });
  return runOneWay(contextOf(parts, ledger, intent));
}

async function resume(parts: LifecycleParts, operation: OperationRecord, intent: Intent): Promise<Outcome> {
  const { instance_id: id, kind, order } = operation;
  const taken: OperationRecord = { ...operation, reason: { ...operation.reason, cause: "recovery" } };
  const ledger = resumeLedger(ledgerParts(parts), expectRecord(parts, id), taken);
  const context = contextOf(parts, ledger, intent);
  if (kind !== "start") return runOneWay(context);
  if (order === null)
    throw new MvmError("MVM_INTERNAL", { message: `the journal holds a start of ${id} without its order` });
  const ended = await recheckStart(startSteps, context);
  if (ended !== null) return ended;
  const prepared = await prepare(parts, order, ledger.record());
  if (prepared instanceof MvmError) return turnBack(startSteps, context, prepared);
  return runStart(startSteps, { ...context, order, ...prepared });
}

async function prepare(
  { settings, ports }: LifecycleParts,
  order: StartOrder,
  record: InstanceRecord,
): Promise<Prepared | MvmError> {
  try {
    const paths = instancePaths(settings, record.instance_id);
    return await prepareStart({ order, record, paths, diskDir: settings.stateDir }, ports);
  } catch (error) {
    return stepError("prepare", error);
  }
}

interface Opening {
  readonly record: InstanceRecord;
  readonly reason: Reason;
  readonly order?: StartOrder;
  readonly dataMib?: number;
}

function open(parts: LifecycleParts, kind: OperationKind, { record, reason, order, dataMib }: Opening): Ledger {
  const operation: OperationRecord = {
    instance_id: record.instance_id,
    kind,
    direction: "forward",
    done: [],
    order: order ?? null,
    data_mib: dataMib ?? null,
    reason,
  };
  return openLedger(ledgerParts(parts), { record, operation, begin: operationEvents[kind].begin });
}

function ledgerParts({ settings, ports }: LifecycleParts): LedgerParts {
  return { journal: ports.journal, clock: ports.clock, node: settings.node };
}

function contextOf(
  { settings, ports, turns }: LifecycleParts,
  ledger: Ledger,
  { signal, reason }: Intent,
): StepContext {
  const { instance_id: id, tenant_id } = ledger.record();
  const log = ports.log.child({
    instance: id,
    tenant: tenant_id,
    operation: ledger.operation().kind,
    reason: reason.cause,
  });
  return { id, ledger, ports, settings, turns, signal, log, paths: instancePaths(settings, id) };
}

function expectRecord({ ports }: LifecycleParts, id: InstanceId): InstanceRecord {
  const record = ports.journal.record(id);
  if (record === null) throw new MvmError("MVM_INSTANCE_NOT_FOUND", { message: `the journal has no instance ${id}` });
  return record;
}

/** The death of a VM counts as a failed start: the next one is not at once when it dies again and again. */
function deathOf({ ports }: LifecycleParts, record: InstanceRecord): Failure {
  const error = new MvmError("MVM_VM_DRIVER", {
    message: `the VM of ${record.instance_id} ended by itself`,
    retry: "backoff",
  });
  return failureOf({ operation: "start", error, previous: record.failure }, ports);
}

function now({ ports }: LifecycleParts): string {
  return isoTime(ports.clock.nowMs());
}
