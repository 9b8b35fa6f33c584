/** Follows the node's spec: asks for another generation than the one at hand, again and again. */
import { messageOf, type Clock, type Logger, type NodeSpec } from "@mvm/core";
import type { Coordinator } from "./coordinator.ts";
import { reach } from "./reach.ts";

const TAKE_RETRY_MS = 5_000;

export interface FollowSpecParts {
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Logger;
  /** The generation at hand; -1: none. */
  readonly generation: () => number;
  readonly take: (spec: NodeSpec) => void;
}

/** Runs until `signal` is aborted. With the coordinator away the spec at hand stays in force. */
export async function followSpec(parts: FollowSpecParts, signal: AbortSignal): Promise<void> {
  const { coordinator, clock, log, generation } = parts;
  const reachable = reach("spec", log);
  while (!signal.aborted) {
    try {
      const spec = await coordinator.spec(generation(), signal);
      reachable.succeeded();
      if (spec !== null) await take(parts, spec, signal);
    } catch (error) {
      if (!isAborted(signal)) await clock.sleep(reachable.failed(error), signal).catch(() => undefined);
    }
  }
}

/** A spec that can't be kept is asked for again: what was in force stays in force until then. */
async function take(
  { take: takeSpec, clock, log }: FollowSpecParts,
  spec: NodeSpec,
  signal: AbortSignal,
): Promise<void> {
  try {
    takeSpec(spec);
    log.info("spec.taken", { generation: spec.generation, config_hash: spec.config_hash });
  } catch (error) {
    log.error("spec.not-taken", { generation: spec.generation, error: messageOf(error) });
    await clock.sleep(TAKE_RETRY_MS, signal).catch(() => undefined);
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
