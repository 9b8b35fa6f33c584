/**
 * The node agent without its edges to the world: recovers, then reconciles for as long as it runs,
 * again whenever something changed and at least every few seconds. VMs outlive it: closing stops
 * none. Made by `compose.ts` over the host's adapters and by tests over fakes.
 */
import { isoTime, messageOf, type AuditEntry, type InstanceId, type NodeSpec, type NodeStatus } from "@mvm/core";
import { assembleNode, runningInstances, type NodeAgentPorts, type NodeParts } from "./assemble-node.ts";
import { instanceOutput, type InstanceOutput } from "./instance-output.ts";
import { reconcile, type Planned } from "./execute/reconcile.ts";
import { wakeUp, type WakeUp } from "./execute/wake-up.ts";
import type { GuestChannel } from "./guests/guest-channels.ts";
import type { AgentSettings } from "./settings.ts";
import { nodeStatus, type NodeFacts } from "./status/node-status.ts";

/** The longest time between two rounds, whatever happens. */
const LONGEST_WAIT_MS = 10_000;
/** Without a round in this time the agent stands still. */
const STILL_AFTER_MS = 3 * LONGEST_WAIT_MS;

export interface NodeAgent {
  /** Reads the journal and looks at reality: adopts what runs, notes what is dead. Before `run`. */
  recover(): Promise<void>;
  /** Reconciles until `close`. */
  run(): Promise<void>;
  /** From now on this is what is wanted. Durable when it returns. @throws MvmError MVM_STORE_FAILED */
  takeSpec(spec: NodeSpec): void;
  status(): NodeStatus;
  /** Whether rounds go on: what a watchdog wants to know. */
  isAlive(): boolean;
  /** The newest audit entries of an instance, newest first. */
  events(id: InstanceId, limit: number): readonly AuditEntry[];
  /** The channel to a guest; null when the instance has no VM. */
  guestOf(id: InstanceId): GuestChannel | null;
  /** What the VM that runs says, else what was kept of the last one; null when there is nothing of either. */
  outputOf(id: InstanceId): Promise<InstanceOutput | null>;
  /**
   * Ends all work where it is and lets go of everything but the VMs and the journal.
   * @param options `isHostEnding`: the VMs will be killed next, so their guests are asked to stop before
   */
  close(options?: { readonly isHostEnding: boolean }): Promise<void>;
}

export interface NodeAgentParts {
  readonly settings: AgentSettings;
  readonly ports: NodeAgentPorts;
  /** What is true of this agent and its driver now. */
  readonly facts: () => NodeFacts;
  readonly agentVersion: string;
  /** Called after each round: status may have changed. */
  readonly changed: () => void;
}

export function createNodeAgent({ settings, ports, facts, agentVersion, changed }: NodeAgentParts): NodeAgent {
  const { journal } = ports;
  const bell = wakeUp(ports.clock);
  const node = assembleNode(settings, ports, { bell, agentVersion });
  const stop = new AbortController();
  let planned: Planned | null = null;
  let roundAtMs = ports.clock.monotonicMs();

  return {
    recover: () => adopt(node),
    run: () =>
      rounds(node, { bell, facts, signal: stop.signal }, (round) => {
        planned = round;
        roundAtMs = ports.clock.monotonicMs();
        changed();
      }),
    takeSpec(spec) {
      journal.saveSpec(spec, isoTime(ports.clock.nowMs()));
      node.troubles.clearRefusals();
      bell.ring();
    },
    status: () => statusOf(node, facts(), planned),
    isAlive: () => ports.clock.monotonicMs() - roundAtMs < STILL_AFTER_MS,
    events: (id, limit) => journal.auditOf(id, limit),
    guestOf(id) {
      const vm = journal.record(id)?.vm ?? null;
      return vm === null ? null : node.channels.of(vm);
    },
    outputOf: (id) => instanceOutput(node, id),
    async close({ isHostEnding } = { isHostEnding: false }) {
      stop.abort();
      await node.workers.close();
      node.introductions.close();
      node.links.close();
      node.watches.close();
      if (isHostEnding) await node.lifecycle.shutDownGuests();
      node.channels.close();
      await node.ingress.close();
    },
  };
}

async function adopt({ ports: { journal, log }, vms, watches }: NodeParts): Promise<void> {
  const lost = await vms.adoptAll();
  for (const vm of lost) watches.markLost(vm);
  const adopted = journal.records().filter(({ vm }) => vm !== null).length - lost.length;
  const open = journal.records().filter(({ instance_id }) => journal.operation(instance_id) !== null).length;
  log.info("agent.recovered", { reason: "recovery", adopted, lost: lost.map(({ id }) => id), open_operations: open });
}

async function rounds(
  node: NodeParts,
  pace: { readonly bell: WakeUp; readonly facts: () => NodeFacts; readonly signal: AbortSignal },
  ended: (round: Planned | null) => void,
): Promise<void> {
  const { journal, clock, log } = node.ports;
  while (!pace.signal.aborted) {
    let nextCheckAtMs: number | null = null;
    try {
      const round = reconcile(node, journal.spec(), pace.facts());
      nextCheckAtMs = round?.plan.nextCheckAtMs ?? null;
      ended(round);
    } catch (error) {
      log.error("reconcile.failed", { error: messageOf(error) });
    }
    const dueInMs = nextCheckAtMs === null ? LONGEST_WAIT_MS : nextCheckAtMs - clock.nowMs();
    await pace.bell.wait(Math.min(LONGEST_WAIT_MS, Math.max(0, dueInMs)), pace.signal);
  }
}

function statusOf(node: NodeParts, facts: NodeFacts, planned: Planned | null): NodeStatus {
  const { settings, ports, workers, links, watches, ingress, upkeep } = node;
  const running = new Map(runningInstances(node).map(({ record, vm }) => [record.instance_id, vm]));
  return nodeStatus({
    settings,
    facts,
    planned,
    nowMs: ports.clock.nowMs(),
    records: ports.journal.records(),
    firstSeen: (volumeUuid) => ports.journal.firstSeen(volumeUuid),
    notes: workers.notes(),
    networks: upkeep.observed(),
    live({ instance_id: id }) {
      const vm = running.get(id);
      return {
        guest: vm === undefined ? null : links.view(vm),
        vm: vm === undefined ? null : watches.seen(vm),
        ingressProblem: vm === undefined ? null : ingress.problem(id),
      };
    },
  });
}
