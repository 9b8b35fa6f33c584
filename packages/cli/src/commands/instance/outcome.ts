/**
 * Whether what was asked of an instance has come about, was refused, has failed or is on its way.
 * Pure: the decision behind every command that waits.
 */
import { type ErrorCode, type InstanceView, isErrorCode, MvmError } from "@mvm/core";
import { obstacleOf } from "../../output/instance-words.ts";

/** Agents report every ten seconds at least; after this long one is taken for gone. */
const SILENT_AFTER_MS = 30_000;

export type Goal = "running" | "stopped";

export type Outcome =
  | { readonly kind: "done"; readonly what: string }
  /** `isBehind`: nothing is done for it before something else has happened. */
  | { readonly kind: "waiting"; readonly what: string; readonly isBehind: boolean }
  /** Refused by a rule, or failed and not tried again. */
  | { readonly kind: "failed"; readonly what: string; readonly error: MvmError };

/** How the instance stands to `goal`, by the newest that is known of it. */
export function outcomeOf(view: InstanceView, goal: Goal): Outcome {
  const { status } = view;
  if (!view.observed) return waiting(`waits for node ${view.node} to see the change`);
  if (status === null) return waiting(obstacleOf(view));
  if (status.refusal !== null) {
    const { rule, code, message, remedy } = status.refusal;
    const error = new MvmError(knownCode(code), {
      message: `${view.instance_id} was refused by rule '${rule}': ${message}`,
      remedy,
      details: { instance: view.instance_id, rule, code },
    });
    return { kind: "failed", what: `was refused by rule '${rule}': ${message}`, error };
  }
  if (status.condition?.retry_at === null) {
    const { code, message, remedy, attempts } = status.condition;
    const error = new MvmError(knownCode(code), {
      message: `${view.instance_id} failed: ${message}`,
      remedy,
      details: { instance: view.instance_id, code, attempts },
    });
    return { kind: "failed", what: `failed: ${message}`, error };
  }
  return goal === "running" ? towardsRunning(view, status) : towardsStopped(view, status);
}

/** What is known of an instance is worth little once its node has stopped reporting: then that is said instead. */
export function heedSilence(
  { view, outcome }: { readonly view: InstanceView | null; readonly outcome: Outcome },
  nowMs: number,
): Outcome {
  const reportedAt = view?.reported_at ?? null;
  if (outcome.kind !== "waiting" || view === null || reportedAt === null) return outcome;
  const isSilent = nowMs - Date.parse(reportedAt) > SILENT_AFTER_MS;
  return isSilent ? waiting(`waits for node ${view.node}, whose agent does not report: does it run?`) : outcome;
}

/** Those that are still on their way: after a failure, what only waits for something else is not among them. */
export function openOf<Item extends { readonly outcome: Outcome }>(items: readonly Item[]): readonly Item[] {
  const isAnyFailed = items.some(({ outcome }) => outcome.kind === "failed");
  return items.filter(({ outcome }) => outcome.kind === "waiting" && !(outcome.isBehind && isAnyFailed));
}

type Status = NonNullable<InstanceView["status"]>;

function towardsRunning(view: InstanceView, status: Status): Outcome {
  if (status.state === "running" && status.guest?.ready === true) return { kind: "done", what: "is ready" };
  const obstacle = obstacleOf(view);
  const isBehind = status.state === "stopped" && status.condition === null && status.waiting_for !== null;
  return waiting(obstacle === "" ? `is ${status.state}` : `is ${status.state}: ${obstacle}`, isBehind);
}

function towardsStopped(view: InstanceView, status: Status): Outcome {
  if (status.state === "stopped" && status.condition === null) return { kind: "done", what: "is stopped" };
  const obstacle = obstacleOf(view);
  return waiting(obstacle === "" ? `is ${status.state}` : `is ${status.state}: ${obstacle}`);
}

/** On its way, in words. */
export function waiting(what: string, isBehind = false): Outcome {
  return { kind: "waiting", what, isBehind };
}

/** A code of another version of mvm still refuses, under a code that this one knows. */
function knownCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : "MVM_API_REFUSED";
}
