/** What is said of an instance, in the same words in tables, progress lines and outcomes. Pure. */
import type { InstanceView, NetworkCondition } from "@mvm/core";

/** Its state in one word; `unreported` until its node has said anything. */
export function stateWord(view: InstanceView): string {
  const { status } = view;
  if (status === null) return "unreported";
  return status.state === "running" && status.guest?.ready === true ? "ready" : status.state;
}

/** The one thing worth knowing beside the state; empty when all is as it should be. */
export function noteOf(view: InstanceView): string {
  const obstacle = obstacleOf(view);
  if (obstacle !== "") return obstacle;
  const lacking = view.status?.guest?.connectors.filter(({ missing }) => missing.length > 0) ?? [];
  if (lacking.length > 0)
    return lacking.map(({ name, missing }) => `${name} is off: ${missing.join(", ")} missing`).join("; ");
  return view.hold === null
    ? ""
    : `held ${view.hold.wanted} by ${view.hold.by}${view.hold.until === null ? "" : ` until ${view.hold.until}`}`;
}

/** What stands between the instance and what is wanted of it; empty when nothing does. */
export function obstacleOf(view: InstanceView): string {
  const { status } = view;
  if (status === null) return `waits for node ${view.node} to report`;
  if (status.refusal !== null) return `refused (${status.refusal.rule}): ${status.refusal.message}`;
  if (status.condition !== null)
    return `${status.condition.message} (attempt ${status.condition.attempts}${retryWord(status.condition.retry_at)})`;
  if (status.waiting_for !== null) return `waits for ${status.waiting_for}`;
  if (status.guest?.failure) return `${status.guest.failure.code}: ${status.guest.failure.message}`;
  if (status.state === "running" && status.guest?.ready !== true)
    return status.guest?.reason ?? "waits for the guest to answer";
  return "";
}

/** What is wrong with a tenant's network. */
export function networkWords({ tenant_id: tenant, condition }: NetworkCondition): string {
  const { message, attempts, retry_at: retryAt } = condition;
  return `the network of tenant '${tenant}' is not in place: ${message} (attempt ${attempts}${retryWord(retryAt)})`;
}

/** When what happens to it now began, milliseconds since 1970. */
export function sinceMs(view: InstanceView, fallbackMs: number): number {
  return view.status === null ? fallbackMs : Date.parse(view.status.entered_at);
}

/** How long its newest boot took until ready (or until the guest answered), milliseconds; null before. */
export function bootMs(view: InstanceView): number | null {
  return view.status?.boot.ready_ms ?? view.status?.boot.hello_ms ?? null;
}

function retryWord(at: string | null): string {
  return at === null ? ", not tried again by itself" : `, again at ${at.slice(11, 19)} UTC`;
}
