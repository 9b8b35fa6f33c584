/**
 * The executor of operations: runs steps forward, takes them back, and takes up what was cut.
 *
 * It decides nothing but direction. A step is journalled when its effect is there; the one step
 * behind the last journalled may be half made, so it is taken back before it is done again. What
 * the journal itself refuses to write is thrown: the operation then stays open as it was.
 */
import type { MvmError } from "@mvm/core";
import type { Failure } from "../journal/instance-record.ts";
import type { OperationKind } from "../journal/operation-record.ts";
import { alarmEvent, failureOf, failureText, isFinal, stepError } from "./failure.ts";
import { oneWaySteps, operationEvents } from "./operations.ts";
import type { Step, StepContext } from "./step.ts";

export type Outcome =
  | { readonly kind: "done" }
  /** Not begun, or not to be gone on with: a rule forbids it. Nothing is half made. */
  | { readonly kind: "refused"; readonly error: MvmError }
  | { readonly kind: "failed"; readonly error: MvmError }
  /** A newer intent takes over; the operation stays open for it. */
  | { readonly kind: "interrupted" };

const DONE = { kind: "done" } as const;
const INTERRUPTED = { kind: "interrupted" } as const;

/** Runs an operation without a way back to its end, from wherever it is. */
export async function runOneWay(context: StepContext): Promise<Outcome> {
  const { kind, reason } = context.ledger.operation();
  if (kind === "start") throw new Error("a start has a way back");
  const outcome = await stepForward(oneWaySteps[kind], context);
  if (outcome.kind === "failed") postpone(context, outcome.error);
  if (outcome.kind === "done") {
    const failure = standingAfter(kind, context.ledger.record().failure);
    context.ledger.close(operationEvents[kind].done, { detail: reason.text, failure });
  }
  return outcome;
}

/** The failure that such an operation leaves as it was: it ends its own, and a stop or a destroy every one. */
export function standingAfter(kind: OperationKind, failure: Failure | null): Failure | null {
  const isKept = kind === "release" || (kind === "grow" && failure?.operation !== "grow");
  return isKept ? failure : null;
}

/** Runs a start's steps that are not done yet; takes everything back when one fails. */
export async function runStart<Context extends StepContext>(
  steps: readonly Step<Context>[],
  context: Context,
): Promise<Outcome> {
  const outcome = await stepForward(steps, context);
  if (outcome.kind === "failed") return turnBack(steps, context, outcome.error);
  if (outcome.kind === "done") {
    const { failure } = context.ledger.record();
    context.ledger.close(operationEvents.start.done, { detail: context.ledger.operation().reason.text, failure });
  }
  return outcome;
}

/**
 * Makes sure that a start which was cut can go on: what is done is still there, what is half made is
 * taken back. Null when it can; else the start has been taken back.
 */
export async function recheckStart<Context extends StepContext>(
  steps: readonly Step<Context>[],
  context: StepContext,
): Promise<Outcome | null> {
  const { done, direction } = context.ledger.operation();
  if (direction === "undo") return takeBack(steps, context, null);
  try {
    for (const step of steps.slice(0, done.length)) {
      if (await step.isDone(context)) continue;
      context.log.warn("operation.step.vanished", { step: step.name });
      return await turnBack(steps, context, stepError(step.name, new Error("what it had made is gone")));
    }
    await steps[done.length]?.undo?.(context);
    return null;
  } catch (error) {
    return turnBack(steps, context, stepError("recheck", error));
  }
}

/** Turns a start round and takes back what it made. */
export async function turnBack<Context extends StepContext>(
  steps: readonly Step<Context>[],
  context: StepContext,
  error: MvmError,
): Promise<Outcome> {
  const { ledger, ports, log } = context;
  const { code, message, details } = error;
  const event = alarmEvent(error);
  if (event !== null) log.error(event, { code, error: message, broken: details["broken"] ?? [message] });
  log.warn("operation.turned-back", { code, error: message });
  const facts = { operation: "start", error, previous: ledger.record().failure, isFinal: isFinal(error) } as const;
  ledger.turnBack(failureOf(facts, ports));
  return takeBack(steps, context, error);
}

async function stepForward<Context extends StepContext>(
  steps: readonly Step<Context>[],
  context: Context,
): Promise<Outcome> {
  const { ledger, signal, log } = context;
  const isOver = (): boolean => signal.aborted;
  for (const step of steps.slice(ledger.operation().done.length)) {
    if (isOver()) return INTERRUPTED;
    try {
      await step.do(context);
    } catch (error) {
      if (isOver()) return INTERRUPTED;
      log.warn("operation.step.failed", { step: step.name });
      return { kind: "failed", error: stepError(step.name, error) };
    }
    ledger.stepDone(step.name);
    log.info("operation.step.done", { step: step.name });
  }
  return DONE;
}

/** Undoes from the step that may be half made to the first. @param error why; null when that is in the record already */
async function takeBack<Context extends StepContext>(
  steps: readonly Step<Context>[],
  context: StepContext,
  error: MvmError | null,
): Promise<Outcome> {
  const { ledger, log } = context;
  const begun = steps.slice(0, ledger.operation().done.length + 1).reverse();
  for (const step of begun) {
    try {
      await step.undo?.(context);
    } catch (cause) {
      const failed = stepError(step.name, cause);
      log.error("operation.undo.failed", { step: step.name, code: failed.code, error: failed.message });
      postpone(context, failed);
      return { kind: "failed", error: failed };
    }
    ledger.stepUndone(step.name);
    log.info("operation.step.undone", { step: step.name });
  }
  const { failure } = ledger.record();
  const told = error ?? failure?.condition ?? null;
  ledger.close(operationEvents.start.failed, { detail: told === null ? "taken back" : failureText(told), failure });
  return error === null ? DONE : { kind: "failed", error };
}

function postpone({ ledger, ports }: StepContext, error: MvmError): void {
  ledger.postpone(failureOf({ operation: ledger.operation().kind, error, previous: ledger.record().failure }, ports));
}
