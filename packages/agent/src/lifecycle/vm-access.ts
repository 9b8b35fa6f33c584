/**
 * Reading access to VMs that run: adoption after a restart, watching for their end, the guest's
 * byte stream, what the VM says. Changes nothing about them. Part of lifecycle, because only lifecycle
 * may hold a driver.
 */
import type { Duplex } from "node:stream";
import { messageOf, type Clock, type Logger } from "@mvm/core";
import type { OutputTail, VmHandle, VmmDriver, VmState } from "@mvm/runtime";
import type { Journal } from "../journal/journal.ts";
import { isOver, watchEnd } from "./watch-end.ts";

export interface VmAccess {
  /** Takes over every VM that the journal knows; returns those that run no more. Stops none. */
  adoptAll(): Promise<readonly VmHandle[]>;
  /**
   * Resolves true when the VM is gone or has shut down, false when `signal` was aborted first.
   * @param seen told of each look meanwhile
   */
  watchEnd(handle: VmHandle, signal: AbortSignal, seen: (state: VmState) => void): Promise<boolean>;
  /** A new byte stream to the guest; the caller ends it. */
  openGuestStream(handle: VmHandle): Promise<Duplex>;
  /** What the VM said last, raw and untrusted. */
  outputTail(handle: VmHandle): Promise<OutputTail>;
}

export interface VmAccessParts {
  readonly driver: VmmDriver;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createVmAccess({ driver, journal, clock, log }: VmAccessParts): VmAccess {
  /** A look that fails says nothing about the VM: it counts as there until it is seen dead. */
  async function isAdopted(handle: VmHandle): Promise<boolean> {
    try {
      const adopted = await driver.adopt(handle);
      return adopted !== null && !isOver(await driver.inspect(adopted));
    } catch (error) {
      log.error("vm.adopt.failed", { instance: handle.id, error: messageOf(error) });
      return true;
    }
  }

  return {
    async adoptAll() {
      const lost: VmHandle[] = [];
      for (const { vm } of journal.records()) {
        if (vm !== null && !(await isAdopted(vm))) lost.push(vm);
      }
      return lost;
    },
    watchEnd: (handle, signal, seen) => watchEnd({ driver, clock, seen }, handle, signal),
    openGuestStream: (handle) => driver.openGuestStream(handle),
    outputTail: (handle) => driver.outputTail(handle),
  };
}
