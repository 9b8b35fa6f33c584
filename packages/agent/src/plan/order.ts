/**
 * The declared order inside a tenant (`starts_before`): whom an instance waits for before it starts
 * and before it stops. Pure.
 */
import type { OperationKind } from "../journal/operation-record.ts";
import type { Decision } from "./plan.ts";
import type { InstanceView } from "./views.ts";

export interface DecidedView extends InstanceView {
  readonly decision: Decision;
}

/** Instances that are asked to run, refused ones included, and whose role starts before this one's, but that are not ready. */
export function awaitedBeforeStart(view: DecidedView, all: readonly DecidedView[]): readonly DecidedView[] {
  return all.filter((other) => isBefore(other, view) && isAsked(other) && !isReady(other));
}

/** Instances that are not to run and whose role starts after this one's, but that are still up. */
export function awaitedBeforeStop(view: DecidedView, all: readonly DecidedView[]): readonly DecidedView[] {
  return all.filter((other) => isBefore(view, other) && other.decision.wish !== "running" && isUp(other));
}

/** Whether the first one's role is declared to start before the second one's, in the same tenant. */
function isBefore(first: DecidedView, second: DecidedView): boolean {
  return (
    first.id !== second.id &&
    first.pool.role !== second.pool.role &&
    first.tenant.tenant_id === second.tenant.tenant_id &&
    (first.type?.starts_before.includes(second.pool.role) ?? false)
  );
}

function isAsked({ decision }: DecidedView): boolean {
  return decision.wish === "running" || decision.refusal !== null;
}

/** Whether the guest runs and says that it is ready. */
export function isReady({ seen }: DecidedView): boolean {
  return seen.state === "running" && seen.ready && !seen.vmLost;
}

const GOING_DOWN: readonly OperationKind[] = ["stop", "destroy", "release"];

/** One whose stop fails is not waited for: else it would hold up what has nothing to do with the failure. */
function isUp({ seen }: DecidedView): boolean {
  const isFailing = seen.failed !== null && GOING_DOWN.includes(seen.failed.operation);
  return (
    !isFailing &&
    (seen.state === "running" || seen.state === "starting" || seen.state === "stopping" || seen.busy !== null)
  );
}
