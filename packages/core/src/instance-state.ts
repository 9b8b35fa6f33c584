/**
 * The instance state machine as data (design §5): the one truth about which operation is allowed
 * in which state and where it leads. `transition()` is the only way to compute a new state; the
 * diagram in the docs is generated from `transitions`.
 *
 * An operation's first event leads into an in-between state, `<op>.done` out of it and
 * `<op>.failed` back to where reality then is. `grow` changes what an instance has while it runs on, so it
 * leads nowhere else, and one that has touched nothing may be withdrawn. `failed` is a condition beside the state, never a state.
 */
import { MvmError } from "./errors/mvm-error.ts";

export const stableStates = ["stopped", "running", "destroyed"] as const;
export const passingStates = ["starting", "stopping", "destroying"] as const;
export type InstanceState = (typeof stableStates)[number] | (typeof passingStates)[number];

/** What can happen to an instance. `vm.lost`: its VMM was found dead although nobody stopped it. */
export const instanceEvents = [
  "start",
  "start.done",
  "start.failed",
  "stop",
  "stop.done",
  "grow",
  "grow.done",
  "grow.withdrawn",
  "destroy",
  "destroy.done",
  "vm.lost",
] as const;
export type InstanceEvent = (typeof instanceEvents)[number];

/** `null`: not allowed. Exhaustive by type: a new state or event must say what it does everywhere. */
type Row = Readonly<Record<InstanceEvent, InstanceState | null>>;
const refused: Row = {
  start: null,
  "start.done": null,
  "start.failed": null,
  stop: null,
  "stop.done": null,
  grow: null,
  "grow.done": null,
  "grow.withdrawn": null,
  destroy: null,
  "destroy.done": null,
  "vm.lost": null,
};

export const transitions: Readonly<Record<InstanceState, Row>> = {
  stopped: { ...refused, start: "starting", destroy: "destroying" },
  starting: {
    ...refused,
    "start.done": "running",
    "start.failed": "stopped",
    stop: "stopping",
    destroy: "destroying",
    "vm.lost": "stopped",
  },
  running: {
    ...refused,
    stop: "stopping",
    grow: "running",
    "grow.done": "running",
    "grow.withdrawn": "running",
    destroy: "destroying",
    "vm.lost": "stopped",
  },
  stopping: { ...refused, stop: "stopping", "stop.done": "stopped", destroy: "destroying", "vm.lost": "stopping" },
  destroying: { ...refused, destroy: "destroying", "destroy.done": "destroyed", "vm.lost": "destroying" },
  destroyed: refused,
};

/** The events that a state allows, in the table's order. */
export function allowedEvents(state: InstanceState): readonly InstanceEvent[] {
  return instanceEvents.filter((event) => transitions[state][event] !== null);
}

/**
 * The state after `event` in `state`.
 * @throws MvmError MVM_STATE_INVALID_TRANSITION naming the state, the event and what is allowed
 */
export function transition(state: InstanceState, event: InstanceEvent): InstanceState {
  const next = transitions[state][event];
  if (next !== null) return next;
  const allowed = allowedEvents(state);
  throw new MvmError("MVM_STATE_INVALID_TRANSITION", {
    message: `'${event}' is not allowed in state '${state}'; allowed: ${allowed.length > 0 ? allowed.join(", ") : "nothing"}`,
    details: { state, event, allowed },
  });
}
