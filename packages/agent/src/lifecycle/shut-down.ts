/**
 * Guests that are asked to stop by themselves, so that they write what they hold: one as the first step of its
 * removal, all before their host goes down. Kills nothing, journals nothing.
 */
import { messageOf, type Logger } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { AgentSettings } from "../settings.ts";
import type { LifecyclePorts } from "./ports.ts";
import { isOver } from "./watch-end.ts";

/** Waiting for a guest is broken into pieces, so that a newer intent is heard. */
const WAIT_PIECE_MS = 500;

export interface ShutDownParts {
  readonly ports: Pick<LifecyclePorts, "driver" | "guests" | "clock">;
  readonly settings: Pick<AgentSettings, "stopTimeoutMs">;
  readonly log: Logger;
  /** Aborted by a newer intent. */
  readonly signal: AbortSignal;
}

/**
 * Resolves when the guest has stopped, will not, or takes too long.
 * @throws the signal's reason when a newer intent takes over
 */
export async function shutDown(vm: VmHandle, parts: ShutDownParts): Promise<void> {
  const { ports, settings, log, signal } = parts;
  if ((await ports.driver.adopt(vm)) === null) return;
  const deadline = ports.clock.monotonicMs() + settings.stopTimeoutMs;
  try {
    await ports.guests.shutDown(vm, { timeoutMs: settings.stopTimeoutMs, signal });
    if (await hasEnded(vm, parts, deadline)) return;
    log.warn("guest.shutdown.late", { timeout_ms: settings.stopTimeoutMs });
  } catch (error) {
    // Who interrupts takes over a guest that was asked, not one that was refused: the work is not done.
    signal.throwIfAborted();
    log.warn("guest.shutdown.refused", { error: messageOf(error) });
  }
}

/**
 * All at once, each within its time. To the journal their VMs run on: as after a power cut the next agent
 * finds them gone and starts what is wanted.
 */
export async function shutDownAll(vms: readonly VmHandle[], parts: Omit<ShutDownParts, "signal">): Promise<void> {
  const { signal } = new AbortController();
  await Promise.all(
    vms.map(async (vm) => {
      const log = parts.log.child({ instance: vm.id });
      try {
        await shutDown(vm, { ...parts, log, signal });
      } catch (error) {
        log.warn("guest.shutdown.failed", { error: messageOf(error) });
      }
    }),
  );
}

async function hasEnded(vm: VmHandle, { ports, signal }: ShutDownParts, deadline: number): Promise<boolean> {
  for (;;) {
    signal.throwIfAborted();
    const left = deadline - ports.clock.monotonicMs();
    if (left <= 0) return false;
    if (await ports.driver.waitGone(vm, Math.min(left, WAIT_PIECE_MS), signal)) return true;
    if (isOver(await ports.driver.inspect(vm))) return true;
  }
}
