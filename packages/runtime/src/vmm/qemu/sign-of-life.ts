/** A booted guest's first sign of life under QEMU: whatever it prints on its console. Called by bring-up. */
import { MvmError } from "@mvm/core";
import type { VmLaunch } from "../driver.ts";
import type { HeardOutput } from "../output-tails.ts";
import type { DriverParts } from "./driver-parts.ts";
import { withinLimit } from "./time-limit.ts";

export interface BootingVm {
  readonly vm: Pick<VmLaunch, "id" | "signal">;
  readonly console: HeardOutput;
  readonly timeoutMs: number;
}

/** @throws MvmError MVM_VM_BOOT_HUNG, MVM_VM_DRIVER when the VMM ended first; the signal's reason */
export async function awaitSignOfLife(
  { ports: { clock } }: Pick<DriverParts, "ports">,
  { vm: { id, signal }, console, timeoutMs }: BootingVm,
): Promise<void> {
  const onLate = (): MvmError =>
    new MvmError("MVM_VM_BOOT_HUNG", {
      message: `${id} printed nothing within ${timeoutMs} ms of its launch`,
      retry: "backoff",
      details: { timeout_ms: timeoutMs },
    });
  const died = console.closed.then(() => {
    throw new MvmError("MVM_VM_DRIVER", { message: "QEMU closed the console" });
  });
  await withinLimit(clock, { timeoutMs, onLate, signal }, Promise.race([console.firstByte, died]));
}
