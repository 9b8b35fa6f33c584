/** What is said of an instance, in the same words in tables, progress lines and outcomes. Pure. */
import type { Condition, InstanceView, NetworkCondition } from "@mvm/core";
import { holdEnd } from "./hold-words.ts";

/** Its state in one word; `unreported` until its node has said anything. */
export function stateWord(view: InstanceView): string {
  const { status } = view;
  if (status === null) return "unreported";
  return status.state === "running" && status.guest?.ready === true ? "ready" : status.state;
}

/** The one thing worth knowing beside the state; empty when all is as it should be. */
export function noteOf(view: InstanceView, nowMs: number): string {
  const obstacle = obstacleOf(view);
  if (obstacle !== "") return obstacle;
  const guest = view.status?.guest;
  const lacking = guest?.connectors.filter(({ name, missing }) => missing.length > 0 && view.connectors.includes(name));
  if (lacking !== undefined && lacking.length > 0)
    return lacking.map(({ name, missing }) => `${name} is off: ${missing.join(", ")} missing`).join("; ");
  return view.hold === null ? "" : `held ${view.hold.wanted} by ${view.hold.by} ${holdEnd(view.hold, nowMs)}`;
}

/** What stands between the instance and what is wanted of it; empty when nothing does. */
export function obstacleOf(view: InstanceView): string {
  const { status } = view;
  if (status === null) return `waits for node ${view.node} to report`;
  if (status.condition?.severity === "alarm") return `alarm: ${alarmWords(status.condition)}`;
  if (status.refusal !== null) return `refused (${status.refusal.rule}): ${status.refusal.message}`;
  if (status.condition !== null)
    return `${status.condition.message} (attempt ${status.condition.attempts}${retryWord(status.condition.retry_at)})`;
  if (status.waiting_for !== null) return `waits for ${status.waiting_for}`;
  if (status.guest?.failure) return `${status.guest.failure.code}: ${status.guest.failure.message}`;
  if (status.state === "running" && status.guest?.ready !== true)
    return status.guest === null ? "waits for the guest to answer" : withoutCause(status.guest.reason);
  return "";
}

/** While a guest starts, the cause behind its reason reads as a failure: `instance show` has it. */
function withoutCause(reason: string): string {
  return reason.split(": ", 1)[0] ?? reason;
}

/** A failure that is an alarm, with its code. */
export function alarmWords({ code, message, attempts, retry_at: retryAt }: Condition): string {
  return `${code}: ${message} (attempt ${attempts}${retryWord(retryAt)})`;
}

/** What is wrong with a tenant's network. */
export function networkWords({ tenant_id: tenant, condition }: NetworkCondition): string {
  const { message, attempts, retry_at: retryAt } = condition;
  return `the network of tenant '${tenant}' is not in place: ${message} (attempt ${attempts}${retryWord(retryAt)})`;
}

/** When what its state's word tells of began, ISO 8601; null until its node has said anything. */
export function stateSince(view: InstanceView): string | null {
  const { status } = view;
  if (status === null) return null;
  return stateWord(view) === "ready" ? (status.ready_since ?? status.entered_at) : status.entered_at;
}

/** The same in milliseconds since 1970. */
export function sinceMs(view: InstanceView, fallbackMs: number): number {
  const since = stateSince(view);
  return since === null ? fallbackMs : Date.parse(since);
}

/** How long its newest boot took until ready (or until the guest answered), milliseconds; null before. */
export function bootMs(view: InstanceView): number | null {
  return view.status?.boot.ready_ms ?? view.status?.boot.hello_ms ?? null;
}

function retryWord(at: string | null): string {
  return at === null ? ", not tried again by itself" : `, again at ${at.slice(11, 19)} UTC`;
}
