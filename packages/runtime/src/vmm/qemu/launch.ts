/** One boot: new memory, then a guest that must print something. */
import { MvmError } from "@mvm/core";
import type { LaunchedVm, VmLaunch } from "../driver.ts";
import type { OpenConsole } from "../consoles.ts";
import { startVm, type StartParts, type StartPorts } from "./start.ts";
import { withinLimit } from "./time-limit.ts";
import { vmPaths } from "./vm-paths.ts";

const MIB = 1024 * 1024;

/** The contract is VmmDriver.launch's. */
export function launchVm(parts: StartParts, vm: VmLaunch): Promise<LaunchedVm> {
  const { ports } = parts;
  const memoryPath = vmPaths(vm).memory;
  return startVm(parts, vm, {
    memoryPath,
    prepare: () => ports.files.createSparse(memoryPath, vm.memMib * MIB, { mode: 0o600 }),
    async letRun({ qmp, console }) {
      await qmp.execute("cont");
      await firstOutput(ports, vm, console);
    },
  });
}

async function firstOutput({ clock }: StartPorts, vm: VmLaunch, console: OpenConsole): Promise<void> {
  const { signOfLifeTimeoutMs: timeoutMs, signal } = vm;
  const onLate = (): MvmError =>
    new MvmError("MVM_VM_BOOT_HUNG", {
      message: `${vm.id} printed nothing within ${timeoutMs} ms of its launch`,
      retry: "backoff",
      details: { timeout_ms: timeoutMs },
    });
  const died = console.closed.then(() => {
    throw new MvmError("MVM_VM_DRIVER", { message: "QEMU closed the console" });
  });
  await withinLimit(clock, { timeoutMs, onLate, signal }, Promise.race([console.firstByte, died]));
}
