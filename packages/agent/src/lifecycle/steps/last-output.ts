/**
 * What a VM said last, kept while no VM runs: the driver forgets it with the VM, and whoever asks why a VM
 * ended asks after its end. Raw and untrusted, at most what the driver keeps; root's alone, below the runtime
 * directory, erased with the instance.
 */
import { dirname } from "node:path";
import { messageOf } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { StepContext } from "../step.ts";

/** Keeps it in place of an older one; a host that can't write it still gets rid of the VM. */
export async function keepOutput(context: StepContext, vm: VmHandle): Promise<void> {
  const { ports, paths, log } = context;
  try {
    const { source, bytes } = await ports.driver.outputTail(vm);
    if (bytes.length === 0) return;
    await forgetOutput(context);
    await ports.files.ensureDir(dirname(paths.lastOutput[source]), { mode: 0o700 });
    await ports.files.writeAtomic(paths.lastOutput[source], bytes, { mode: 0o600 });
  } catch (error) {
    log.warn("vm.output.not-kept", { error: messageOf(error) });
  }
}

/** From here on what counts is the new VM's. */
export async function forgetOutput({ ports, paths }: Pick<StepContext, "ports" | "paths">): Promise<void> {
  for (const path of Object.values(paths.lastOutput)) await ports.files.remove(path);
}
