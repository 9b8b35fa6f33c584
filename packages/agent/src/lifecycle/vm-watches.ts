/**
 * Watches every VM that runs for its end, so that one which dies by itself is noticed at once.
 * Owned by the agent's core; holds one waiting look a VM.
 */
import type { VmHandle } from "@mvm/runtime";
import type { VmAccess } from "./vm-access.ts";

export interface VmWatches {
  /** Watches exactly these VMs from now on. */
  sync(handles: readonly VmHandle[]): void;
  /** This very VM was found dead. */
  markLost(handle: VmHandle): void;
  isLost(handle: VmHandle): boolean;
  close(): void;
}

export interface VmWatchesParts {
  readonly vms: Pick<VmAccess, "watchEnd">;
  readonly changed: () => void;
}

export function createVmWatches({ vms, changed }: VmWatchesParts): VmWatches {
  const watching = new Map<string, AbortController>();
  const lost = new Set<string>();

  function markLost(handle: VmHandle): void {
    lost.add(keyOf(handle));
    changed();
  }

  async function watch(handle: VmHandle, stop: AbortController): Promise<void> {
    if (await vms.watchEnd(handle, stop.signal)) markLost(handle);
  }

  return {
    sync(handles) {
      const wanted = new Map(handles.map((handle) => [keyOf(handle), handle]));
      for (const [key, stop] of watching) {
        if (wanted.has(key)) continue;
        stop.abort();
        watching.delete(key);
        lost.delete(key);
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
