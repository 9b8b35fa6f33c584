/**
 * The planner: what is to be done on this node now, in which order, and why everything else waits.
 *
 * Pure and deterministic: the same spec, observation, policy and time give the same plan; a plan
 * whose actions have all come true is followed by an empty one. Called by the reconcile loop.
 */
import type { InstanceId, NodeSpec } from "@mvm/core";
import type { Reason } from "../journal/operation-record.ts";
import { heldAtGate, type GateState, type Held } from "./gates.ts";
import { growthOf } from "./growths.ts";
import { moveTowards, type Move, type TableMove } from "./moves.ts";
import { networkActions } from "./network-actions.ts";
import type { DecidedView } from "./order.ts";
import type { Action, Decision, Observed, Plan, PlanPolicy } from "./plan.ts";
import { decide, earliest } from "./precedence.ts";
import { restartOf } from "./restarts.ts";
import { roomFor } from "./room.ts";
import { unnamedActions } from "./unnamed-actions.ts";
import { viewsOf } from "./views.ts";

export interface PlanInput {
  readonly spec: NodeSpec;
  readonly observed: Observed;
  readonly policy: PlanPolicy;
  readonly nowMs: number;
}

export function planNode({ spec, observed, policy, nowMs }: PlanInput): Plan {
  const views = viewsOf(spec, observed);
  const all = views.map((view): DecidedView => ({ ...view, decision: decide(view, nowMs) }));
  const room = roomFor({ views, observed, policy, nowMs });
  const planned = all.map((view) =>
    planInstance(view, { all, room, policy, nowMs, generation: spec.generation }, spec),
  );

  const decisions = new Map(planned.map(({ id, decision }) => [id, decision]));
  const networks = networkActions(spec, observed, nowMs);
  const actions = [
    ...planned.flatMap(({ action }) => action ?? []),
    ...unnamedActions(spec, observed, { named: decisions, nowMs }),
    ...networks.actions,
  ];
  const isBusy = [...observed.instances.values()].some(({ busy }) => busy !== null) || networks.pending;
  const isHeld = [...decisions.values()].some(({ refusal, waitingFor }) => refusal !== null || waitingFor !== null);
  const untils = [...decisions.values()].map(({ untilMs }) => untilMs);
  return {
    actions,
    decisions,
    nextCheckAtMs: [...untils, networks.retryAtMs].reduce(earliest, null),
    converged: actions.length === 0 && !isBusy && !isHeld,
  };
}

interface PlannedInstance {
  readonly id: InstanceId;
  readonly decision: Decision;
  readonly action: Action | null;
}

function planInstance(view: DecidedView, state: GateState, spec: NodeSpec): PlannedInstance {
  const { id, seen, decision } = view;
  const move = moveTowards(decision.wish, seen);
  const isSteady = move === "none" && seen.busy === null && seen.state === "running" && decision.wish === "running";
  if (isSteady) return planSteady(view, state, spec);
  if (move === "none") return { id, decision, action: null };
  const held = heldAtGate(view, move, state);
  if (held !== null) return heldBack(view, held);
  if (move === "start") state.room.grant(view);
  return { id, decision, action: actionOf(view, move, reasonOf(spec, decision, move)) };
}

/** A running instance that is wanted running: left alone, unless it lacks something that the spec says. */
function planSteady(view: DecidedView, state: GateState, spec: NodeSpec): PlannedInstance {
  const { id } = view;
  const { isDue, pending, waitingFor } = restartOf(view, state.all, state.nowMs);
  const decision = { ...view.decision, pending, waitingFor };
  if (!isDue) return planGrowth({ ...view, decision }, state, spec);
  const reason = { ...reasonOf(spec, decision, "stop"), text: pending ?? decision.reason };
  return { id, decision, action: { kind: "stop", id, reason } };
}

function planGrowth(view: DecidedView, state: GateState, spec: NodeSpec): PlannedInstance {
  const { id, decision } = view;
  const growth = growthOf(view);
  if (growth.move === null)
    return { id, decision: { ...decision, pending: decision.pending ?? growth.pending }, action: null };
  if (growth.move === "withdraw") {
    const reason = { ...reasonOf(spec, decision, growth.move), text: growth.text };
    return { id, decision, action: { kind: "withdraw", id, reason } };
  }
  const held = heldAtGate(view, growth.move, state);
  if (held !== null) return heldBack(view, held);
  const reason = reasonOf(spec, decision, growth.move);
  if (growth.move === "resume") return { id, decision, action: { kind: "resume", id, reason } };
  const { toMib: dataMib, text } = growth;
  return { id, decision, action: { kind: "grow", id, dataMib, reason: { ...reason, text } } };
}

function heldBack({ id, decision }: DecidedView, held: Held): PlannedInstance {
  const untilMs = earliest(decision.untilMs, held.untilMs ?? null);
  return { id, decision: { ...decision, ...held, untilMs }, action: null };
}

function actionOf(view: DecidedView, move: Exclude<TableMove, "none">, reason: Reason): Action | null {
  const { id, tenant, pool, instance, type, peers } = view;
  if (move === "destroy") return { kind: "destroy", id, target: { tenant, pool, instance, type, peers }, reason };
  if (move !== "start") return { kind: move, id, reason };
  // Without its type an instance is refused by the safety rule and never comes this far.
  return type === null
    ? null
    : { kind: "start", id, order: { tenant, pool, instance, type, peers: [...peers] }, reason };
}

function reasonOf(spec: NodeSpec, decision: Decision, move: Move): Reason {
  const isRecovery = move === "resume" || move === "release";
  const isManual = decision.rule === "hold" || decision.rule === "destroy";
  return {
    cause: isRecovery ? "recovery" : isManual ? "manual" : "reconcile",
    claimed_by: decision.claimedBy,
    text: decision.reason.slice(0, 500),
    generation: spec.generation,
    config_hash: spec.config_hash,
  };
}
