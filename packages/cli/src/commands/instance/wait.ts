/**
 * Waits until instances are as they were asked to be, with progress on standard error. Used by
 * every command that changes what should run; it only looks, so that stopping it stops nothing.
 */
import { type InstanceView, MvmError, type NodeView, operatorRoutes, type UnixClient } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { CliContext } from "../../context.ts";
import { WAIT_TIMEOUT_MS } from "../../default-timeouts.ts";
import { durationText } from "../../output/age.ts";
import { networkWords } from "../../output/instance-words.ts";
import { heedSilence, openOf } from "./outcome.ts";
import { openWaitBoard } from "./wait-board.ts";
import type { NodeWork, Watched } from "./watched.ts";

/** How often progress is drawn anew while nothing changes. */
const REDRAW_MS = 1000;

export interface WaitRequest {
  readonly coordinator: UnixClient;
  readonly tenant?: string;
  readonly timeoutMs: number;
  readonly quiet: boolean;
  /** When the command began, milliseconds since 1970, if it did more than wait. */
  readonly sinceMs?: number;
  /** Also wait until the nodes have nothing left to do: what runs may be about to be restarted. */
  readonly untilSettled?: boolean;
  readonly judge: (instances: readonly InstanceView[]) => readonly Watched[];
}

/** The wait that the shared flags ask for; null with --no-wait. */
export function waitFlags(input: CommandInput): { readonly timeoutMs: number; readonly quiet: boolean } | null {
  const timeoutMs = input.durationMs("timeout") ?? WAIT_TIMEOUT_MS;
  return input.flag("no-wait") ? null : { timeoutMs, quiet: input.flag("quiet") };
}

/**
 * Returns the last look once nothing is on its way any more, failures included; after a failure,
 * what only waits for something else is not waited for.
 * @throws MvmError MVM_WAIT_TIMEOUT naming what is still on its way; MVM_API_UNAVAILABLE
 */
export async function waitForInstances(context: CliContext, request: WaitRequest): Promise<readonly Watched[]> {
  const { clock, signal } = context;
  const startedAt = clock.nowMs();
  const deadline = clock.monotonicMs() + request.timeoutMs;
  const board = openWaitBoard(context.stderr, {
    quiet: request.quiet,
    waitSinceMs: startedAt,
    totalSinceMs: request.sinceMs ?? startedAt,
  });
  let revision = -1;
  try {
    for (;;) {
      const query = {
        ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
        after_revision: revision,
        wait_ms: REDRAW_MS,
      };
      const answer = await request.coordinator.call(operatorRoutes.listInstances, { query, signal });
      revision = answer.revision;
      const watched = request
        .judge(answer.instances)
        .map((item) => ({ ...item, outcome: heedSilence(item, clock.nowMs()) }));
      const open = openOf(watched);
      const work = open.length === 0 ? await workOfNodes(request, watched, signal) : [];
      board.show(watched, work, clock.nowMs());
      if (open.length === 0 && work.length === 0) return watched;
      if (clock.monotonicMs() >= deadline) throw timedOut({ open, work }, request.timeoutMs);
    }
  } finally {
    board.close();
  }
}

/** The nodes that have more to do although every instance is as wanted, and what with. */
async function workOfNodes(
  { coordinator, untilSettled = false }: WaitRequest,
  watched: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly NodeWork[]> {
  if (!untilSettled || watched.some(({ outcome }) => outcome.kind === "failed")) return [];
  const { nodes } = await coordinator.call(operatorRoutes.listNodes, { signal });
  return nodes.flatMap(({ node, status, generation }) => {
    const isSettled = status === null || (status.converged && status.observed_generation === generation);
    return isSettled ? [] : [{ node, what: workWords(status.network_conditions) }];
  });
}

function workWords(networks: NonNullable<NodeView["status"]>["network_conditions"]): string {
  if (networks.length === 0) return "the node is at work";
  return networks.map((network) => networkWords(network)).join("; ");
}

function timedOut(
  { open, work }: { readonly open: readonly Watched[]; readonly work: readonly NodeWork[] },
  timeoutMs: number,
): MvmError {
  const instances = open.map(({ id, outcome }) => `${id} ${outcome.what}`);
  const what = [...instances, ...work.map(({ node, what: doing }) => `${node}: ${doing}`)].join("; ");
  return new MvmError("MVM_WAIT_TIMEOUT", {
    message: `after ${durationText(timeoutMs)}: ${what}`,
    details: { waiting_for: open.map(({ id, outcome }) => ({ instance: id, what: outcome.what })) },
  });
}
