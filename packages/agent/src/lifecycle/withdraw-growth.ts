/**
 * Takes back a growth that has touched nothing: its first step only looks for room, so before that is done no
 * byte of the volume, the device or the guest's file system has changed. Called by lifecycle.
 */
import type { OperationRecord } from "../journal/operation-record.ts";
import { standingAfter, type Outcome } from "./run-operation.ts";
import type { StepContext } from "./step.ts";

export function isUntouchedGrowth({ kind, done }: Pick<OperationRecord, "kind" | "done">): boolean {
  return kind === "grow" && done.length === 0;
}

/** Closes it as not begun, with an audit entry that tells of it; its own failure is over. What is more than that stays open. */
export function withdrawGrowth({ ledger }: StepContext): Outcome {
  const operation = ledger.operation();
  if (!isUntouchedGrowth(operation)) return { kind: "interrupted" };
  const failure = standingAfter("grow", ledger.record().failure);
  ledger.close("grow.withdrawn", { detail: operation.reason.text, failure });
  return { kind: "done" };
}
