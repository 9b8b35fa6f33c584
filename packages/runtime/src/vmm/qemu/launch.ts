/** A VM's first boot, with new memory. The contract is VmmDriver.launch's. */
import type { LaunchedVm, VmLaunch } from "../driver.ts";
import { bringUp } from "./bring-up.ts";
import type { DriverParts } from "./driver-parts.ts";
import { vmPaths } from "./vm-paths.ts";

const MIB = 1024 * 1024;

export async function launchVm(parts: DriverParts, launch: VmLaunch): Promise<LaunchedVm> {
  const memoryPath = vmPaths(launch).memory;
  const { vm, elapsedMs } = await bringUp(parts, {
    vm: launch,
    memoryPath,
    prepare: () => parts.ports.files.createSparse(memoryPath, launch.memMib * MIB, { mode: 0o600 }),
    letRun: (qmp) => qmp.execute("cont"),
    signOfLifeTimeoutMs: launch.signOfLifeTimeoutMs,
  });
  return { ...vm, signOfLifeMs: elapsedMs };
}
