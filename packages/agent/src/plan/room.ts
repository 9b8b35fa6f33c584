/**
 * What is left on the node while a plan is made: memory, the VMMs' own included, and places for
 * booting instances. Filled from the observation, then taken from by each start that the plan grants.
 * Lives for one plan.
 */
import { hostMemMib, type InstanceId } from "@mvm/core";
import type { Observed, ObservedInstance, PlanPolicy } from "./plan.ts";
import type { InstanceView } from "./views.ts";

export interface Room {
  readonly freeMemMib: () => number;
  /** Those that boot now, granted ones included, in the order of their ids. */
  readonly booting: () => readonly InstanceId[];
  /** When the first of them stops counting as booting; null: not by time. */
  readonly bootEndsAtMs: number | null;
  readonly grant: (view: InstanceView) => void;
}

export function roomFor(state: {
  readonly views: readonly InstanceView[];
  readonly observed: Observed;
  readonly policy: PlanPolicy;
  readonly nowMs: number;
}): Room {
  const { views, observed, policy, nowMs } = state;
  const named = new Map(views.map((view) => [view.id, view]));
  let usedMemMib = 0;
  let bootEndsAtMs: number | null = null;
  const booting = new Set<InstanceId>();

  for (const [id, seen] of observed.instances) {
    if (holdsMemory(seen)) usedMemMib += hostMemMib(memoryOf(seen, named.get(id)), policy.memOverhead);
    const endsAtMs = seen.enteredAtMs + policy.bootWindowMs;
    const isWarmingUp = seen.state === "running" && !seen.ready && nowMs < endsAtMs;
    if (isWarmingUp) bootEndsAtMs = bootEndsAtMs === null ? endsAtMs : Math.min(bootEndsAtMs, endsAtMs);
    if (isWarmingUp || seen.state === "starting" || seen.busy === "start") booting.add(id);
  }
  return {
    freeMemMib: () => policy.guestMemMib - usedMemMib,
    booting: () => [...booting].sort(),
    bootEndsAtMs,
    grant(view) {
      usedMemMib += hostMemMib(view.pool.resources.mem_mib, policy.memOverhead);
      booting.add(view.id);
    },
  };
}

/** What its guest has, or is about to be given. */
function memoryOf({ state, madeFrom }: ObservedInstance, named: InstanceView | undefined): number {
  const made = state === "stopped" ? null : madeFrom;
  return (made ?? named?.pool ?? madeFrom)?.resources.mem_mib ?? 0;
}

function holdsMemory({ state, busy }: ObservedInstance): boolean {
  return busy !== null || (state !== "stopped" && state !== "destroyed");
}
