/**
 * Whether a running instance is restarted to get what the spec now says, and if not yet, why. Pure.
 *
 * A held instance is left alone, and one that would not start again is left running.
 */
import { pendingReason, restartReason } from "./drift.ts";
import { isReady, type DecidedView } from "./order.ts";
import type { Decision } from "./plan.ts";
import { safetyRefusal } from "./refusals.ts";

export interface Restart extends Pick<Decision, "pending" | "waitingFor"> {
  /** It is to be stopped now; what it is wanted to be starts it again. */
  readonly isDue: boolean;
}

export function restartOf(view: DecidedView, all: readonly DecidedView[], nowMs: number): Restart {
  const cause = restartReason(view);
  if (cause === null) return { isDue: false, pending: pendingReason(view), waitingFor: null };
  const pending = `a restart for ${cause}`;
  const obstacle = obstacleOf(view, nowMs);
  if (obstacle !== null) return { isDue: false, pending: `${pending}, put off ${obstacle}`, waitingFor: null };
  const before = all.find((other) => isPoolMate(view, other) && restartsFirst(other, view));
  if (before === undefined) return { isDue: true, pending, waitingFor: null };
  return { isDue: false, pending, waitingFor: `${before.id} to be ready, then ${pending}` };
}

function obstacleOf(view: DecidedView, nowMs: number): string | null {
  if (view.decision.rule === "hold") return "by the hold";
  const refusal = safetyRefusal(view, nowMs);
  return refusal === null ? null : `because it would not start: ${refusal.message}`;
}

/** Another instance of the same pool that is wanted running. */
function isPoolMate(view: DecidedView, other: DecidedView): boolean {
  const isSamePool = other.tenant.tenant_id === view.tenant.tenant_id && other.pool.pool_id === view.pool.pool_id;
  return isSamePool && other.id !== view.id && other.decision.wish === "running";
}

/**
 * A pool restarts one instance after the other: first what comes up anew must be ready, so that a
 * revision which does not work stops there; then the unready, who lose nothing, before the ready.
 */
function restartsFirst(other: DecidedView, view: DecidedView): boolean {
  const isDue = other.seen.state === "running" && restartReason(other) !== null && other.decision.rule !== "hold";
  if (!isDue) return !isReady(other);
  return isReady(other) === isReady(view) ? other.id < view.id : !isReady(other);
}
