/**
 * A step of an operation: a named effect on the host with its way back.
 *
 * Steps have no choices left: whether, when and in which order they run is the executor's affair
 * (`run-operation.ts`). Each may be run again after it was cut anywhere, so `do` and `undo` bring
 * about a state rather than make a move.
 */
import type { InstanceId, KeyedTurns, Logger, TenantId } from "@mvm/core";
import type { InstancePaths } from "../node-paths.ts";
import type { AgentSettings } from "../settings.ts";
import type { Ledger } from "./ledger.ts";
import type { LifecyclePorts } from "./ports.ts";

export interface StepContext {
  readonly id: InstanceId;
  readonly ledger: Ledger;
  readonly ports: LifecyclePorts;
  readonly settings: AgentSettings;
  readonly paths: InstancePaths;
  /** At a tenant's network: each piece of work renders the rules whole from all instances that are there. */
  readonly turns: KeyedTurns<TenantId>;
  /** Aborted when a newer intent takes over; a step that waits must then end. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface Step<Context extends StepContext = StepContext> {
  readonly name: string;
  readonly do: (context: Context) => Promise<void>;
  /** Takes back a `do` that ended, failed or was cut. Null: what is gone stays gone. */
  readonly undo: ((context: StepContext) => Promise<void>) | null;
  /** Whether reality still holds what the journal calls done. */
  readonly isDone: (context: StepContext) => Promise<boolean>;
}

/** A step without a way back, such as one that takes something away; doing it twice does no harm. */
export function oneWay(name: string, run: (context: StepContext) => Promise<void>): Step {
  return { name, do: run, undo: null, isDone: () => Promise.resolve(true) };
}
