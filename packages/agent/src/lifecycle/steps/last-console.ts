/**
 * What a VM's console printed last, kept while no VM runs: the driver forgets it with the VM, and
 * whoever asks why a VM ended asks after its end. Raw guest bytes, at most what the driver keeps;
 * root's alone, below the runtime directory, erased with the instance.
 */
import { dirname } from "node:path";
import { messageOf } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { StepContext } from "../step.ts";

/** Keeps it in place of an older one; a host that can't write it still gets rid of the VM. */
export async function keepConsole({ ports, paths, log }: StepContext, vm: VmHandle): Promise<void> {
  try {
    const tail = await ports.driver.consoleTail(vm);
    if (tail.length === 0) return;
    await ports.files.ensureDir(dirname(paths.lastConsole), { mode: 0o700 });
    await ports.files.writeAtomic(paths.lastConsole, tail, { mode: 0o600 });
  } catch (error) {
    log.warn("vm.console.not-kept", { error: messageOf(error) });
  }
}

/** From here on the console that counts is the new VM's. */
export async function forgetConsole({ ports, paths }: StepContext): Promise<void> {
  await ports.files.remove(paths.lastConsole);
}
