/** Follows the node's spec: asks for another generation than the one at hand, again and again. */
import type { Clock, Logger, NodeSpec } from "@mvm/core";
import type { Coordinator } from "./coordinator.ts";
import { reach } from "./reach.ts";

export interface FollowSpecParts {
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Logger;
  /** The generation at hand; -1: none. */
  readonly generation: () => number;
  readonly take: (spec: NodeSpec) => void;
}

/** Runs until `signal` is aborted. With the coordinator away the spec at hand stays in force. */
export async function followSpec(
  { coordinator, clock, log, generation, take }: FollowSpecParts,
  signal: AbortSignal,
): Promise<void> {
  const reachable = reach("spec", log);
  while (!signal.aborted) {
    try {
      const spec = await coordinator.spec(generation(), signal);
      reachable.succeeded();
      if (spec === null) continue;
      take(spec);
      log.info("spec.taken", { generation: spec.generation, config_hash: spec.config_hash });
    } catch (error) {
      if (isAborted(signal)) return;
      await clock.sleep(reachable.failed(error), signal).catch(() => undefined);
    }
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
