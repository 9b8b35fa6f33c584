/**
 * Watches every VM that runs for its end, so that one which dies by itself is noticed at once, and one
 * that stands still soon.
 * Owned by the agent's core; holds one waiting look a VM.
 */
import type { Clock } from "@mvm/core";
import type { VmHandle, VmState } from "@mvm/runtime";
import type { VmAccess } from "./vm-access.ts";

/** What the newest look found, and since when looks find it. */
export interface SeenState {
  readonly state: VmState;
  readonly sinceMs: number;
}

export interface VmWatches {
  /** Watches exactly these VMs from now on. */
  sync(handles: readonly VmHandle[]): void;
  /** This very VM was found dead. */
  markLost(handle: VmHandle): void;
  isLost(handle: VmHandle): boolean;
  /** Null before the first look. */
  seen(handle: VmHandle): SeenState | null;
  close(): void;
}

export interface VmWatchesParts {
  readonly vms: Pick<VmAccess, "watchEnd">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly changed: () => void;
}

export function createVmWatches({ vms, clock, changed }: VmWatchesParts): VmWatches {
  const watching = new Map<string, AbortController>();
  const lost = new Set<string>();
  const seen = new Map<string, SeenState>();

  function markLost(handle: VmHandle): void {
    lost.add(keyOf(handle));
    changed();
  }

  async function watch(handle: VmHandle, stop: AbortController): Promise<void> {
    if (await vms.watchEnd(handle, stop.signal, (state) => noteState(handle, state))) markLost(handle);
  }

  function noteState(handle: VmHandle, state: VmState): void {
    // A look that was under way when the watch ended is not kept.
    if (!watching.has(keyOf(handle)) || seen.get(keyOf(handle))?.state === state) return;
    seen.set(keyOf(handle), { state, sinceMs: clock.nowMs() });
    changed();
  }

  return {
    sync(handles) {
      const wanted = new Map(handles.map((handle) => [keyOf(handle), handle]));
      for (const [key, stop] of watching) {
        if (wanted.has(key)) continue;
        stop.abort();
        watching.delete(key);
        lost.delete(key);
        seen.delete(key);
      }
      for (const [key, handle] of wanted) {
        if (watching.has(key)) continue;
        const stop = new AbortController();
        watching.set(key, stop);
        void watch(handle, stop);
      }
    },
    markLost,
    isLost: (handle) => lost.has(keyOf(handle)),
    seen: (handle) => seen.get(keyOf(handle)) ?? null,
    close() {
      for (const stop of watching.values()) stop.abort();
      watching.clear();
    },
  };
}

/** One launch of one VM: a process that no other can be confused with. */
export function keyOf({ id, process }: VmHandle): string {
  return `${id}/${process.pid}/${process.startTicks}`;
}
