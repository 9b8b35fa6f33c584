/**
 * A booted guest's first sign of life under Firecracker. There is no console to print on: the guest lives when
 * its channel's port takes a connection, which its init does long before the agent behind it answers. Called
 * by bring-up.
 */
import { MvmError, type ProcessRef } from "@mvm/core";
import type { VmLaunch } from "../driver.ts";
import type { DriverParts } from "./driver-parts.ts";
import { openGuestPort } from "./guest-stream.ts";

const RETRY_MS = 20;

export interface BootingVm {
  readonly vm: Pick<VmLaunch, "id" | "signal">;
  readonly process: ProcessRef;
  readonly guestSocket: string;
  readonly timeoutMs: number;
}

/** @throws MvmError MVM_VM_BOOT_HUNG, MVM_VM_DRIVER when the VMM ended first; the signal's reason */
export async function awaitSignOfLife(
  { ports }: Pick<DriverParts, "ports">,
  { vm, process, guestSocket, timeoutMs }: BootingVm,
): Promise<void> {
  const { clock, processes } = ports;
  const deadline = clock.monotonicMs() + timeoutMs;
  for (;;) {
    vm.signal?.throwIfAborted();
    const leftMs = Math.max(1, deadline - clock.monotonicMs());
    const stream = await openGuestPort(ports, guestSocket, { timeoutMs: leftMs }).catch(() => null);
    stream?.destroy();
    if (stream !== null) return;
    if (!(await processes.isAlive(process)))
      throw new MvmError("MVM_VM_DRIVER", { message: "Firecracker ended before its guest showed life" });
    if (clock.monotonicMs() >= deadline)
      throw new MvmError("MVM_VM_BOOT_HUNG", {
        message: `the guest of ${vm.id} took no connection within ${timeoutMs} ms of its launch`,
        retry: "backoff",
        details: { timeout_ms: timeoutMs },
      });
    await clock.sleep(RETRY_MS, vm.signal);
  }
}
