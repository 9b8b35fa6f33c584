/**
 * One round of reconciling: observe, plan, carry out, and keep what follows running guests (links,
 * watches, ports, introductions) in step. Called by the agent's loop; returns at once, the work goes on.
 */
import { messageOf, type InstanceId, type MemOverhead, type NodeSpec } from "@mvm/core";
import { runningInstances, type NodeParts, type RunningInstance } from "../assemble-node.ts";
import type { ForwardTarget } from "../ingress/ingress.ts";
import { observeNode } from "../observe/observe-node.ts";
import { planIntroductions } from "../pairing/pairing-plan.ts";
import type { Action, Observed, Plan } from "../plan/plan.ts";
import { planNode } from "../plan/plan-node.ts";

/** The newest round: what was planned, from what. */
export interface Planned {
  readonly spec: NodeSpec;
  readonly observed: Observed;
  readonly plan: Plan;
}

/** A round without a spec follows what runs and plans nothing. */
export function reconcile(
  node: NodeParts,
  spec: NodeSpec | null,
  { memOverhead }: { readonly memOverhead: MemOverhead },
): Planned | null {
  const running = runningInstances(node);
  followGuests(node, running);
  introduce(node, running);
  void node.ingress.sync(new Map(running.flatMap((instance) => forwardOf(instance))));
  if (spec === null) return null;

  const { settings, ports } = node;
  const observed = observeNode({ ...node, journal: ports.journal });
  const policy = {
    parallelStarts: settings.parallelStarts,
    bootWindowMs: settings.bootTimeoutMs,
    guestMemMib: settings.guestMemMib,
    memOverhead,
  };
  const plan = planNode({ spec, observed, policy, nowMs: ports.clock.nowMs() });
  node.audit.decided({ spec, observed, decisions: plan.decisions });
  for (const action of plan.actions) carryOut(node, action);
  return { spec, observed, plan };
}

function followGuests(
  { ports, links, watches, channels, lifecycle }: NodeParts,
  running: readonly RunningInstance[],
): void {
  const handles = running.map(({ vm }) => vm);
  links.sync(handles);
  watches.sync(handles);
  channels.keep(ports.journal.records().flatMap(({ vm }) => vm ?? []));
  for (const { record, vm } of running) if (links.isReady(vm)) settle(record.instance_id);

  function settle(id: InstanceId): void {
    attempt(
      () => lifecycle.settle(id),
      (error) => ports.log.error("instance.settle.failed", { instance: id, error }),
    );
  }
}

function carryOut(node: NodeParts, action: Action): void {
  const { workers, upkeep, ports } = node;
  switch (action.kind) {
    case "interrupt":
      workers.interrupt(action.id, action.reason);
      return;
    case "forget":
      attempt(
        () => ports.journal.forget(action.id),
        (error) => ports.log.error("instance.forget.failed", { instance: action.id, error }),
      );
      return;
    case "apply-network":
      void upkeep.apply(action.tenant, action.network);
      return;
    case "start":
    case "stop":
    case "grow":
    case "withdraw":
    case "destroy":
    case "release":
    case "resume":
      workers.begin(action);
  }
}

function introduce({ links, introductions, ports }: NodeParts, running: readonly RunningInstance[]): void {
  const handles = new Map(running.map(({ record, vm }) => [record.instance_id, vm]));
  const candidates = ports.journal.records().map(({ instance_id: id, tenant_id: tenant, made_from }) => {
    const vm = handles.get(id);
    const handlers = vm === undefined ? [] : (links.view(vm)?.handlers ?? []);
    return { id, tenant, declared: made_from.guest_handlers, handlers };
  });
  introductions.carryOut(
    planIntroductions(candidates).flatMap((introduction) => {
      const [from, to] = [handles.get(introduction.gateway), handles.get(introduction.worker)];
      return from === undefined || to === undefined ? [] : [{ ...introduction, from, to }];
    }),
  );
}

/** From the host's end of the uplink to the guest's first declared port. */
function forwardOf({ record }: RunningInstance): [InstanceId, { ingressPort: number; target: ForwardTarget }][] {
  const { ingress_port: ingressPort, guest_ports, ipv4, network } = record.attachment;
  const [port] = guest_ports;
  if (ingressPort === null || port === undefined || network.uplink === null) return [];
  return [[record.instance_id, { ingressPort, target: { localAddress: network.uplink.host_ipv4, host: ipv4, port } }]];
}

/** A small write that may fail now and is tried again in the next round. */
function attempt(write: () => void, failed: (error: string) => void): void {
  try {
    write();
  } catch (error) {
    failed(messageOf(error));
  }
}
