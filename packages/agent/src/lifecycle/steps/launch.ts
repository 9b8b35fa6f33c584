/**
 * The VM's process: launched, and killed with whatever runs as the VM's uid.
 *
 * A boot that hangs before its first console byte is killed by the driver; it is tried once more
 * here and counted (emulated boots do hang), a second one is the operation's failure.
 */
import { isMvmError, isoTime } from "@mvm/core";
import type { LaunchedVm, VmDrive, VmLaunch } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import { hasSecretsDrive } from "../secrets-drive.ts";
import type { StartContext } from "../start-context.ts";
import { removal, type Step, type StepContext } from "../step.ts";
import { forgetConsole, keepConsole } from "./last-console.ts";

const LAUNCHES = 2;

export const launchVm: Step<StartContext> = {
  name: "launch-vm",
  do: launch,
  undo: kill,
  isDone: async ({ ledger, ports }) => {
    const { vm } = ledger.record();
    if (vm === null) return false;
    return (await ports.driver.adopt(vm)) !== null && (await ports.driver.inspect(vm)) === "running";
  },
};

export const killVm = removal("kill-vm", kill);

async function launch(context: StartContext): Promise<void> {
  const { ledger, ports } = context;
  await forgetConsole(context);
  for (let left = LAUNCHES; ; left -= 1) {
    const { boot } = ledger.record();
    ledger.note({
      launched_at: isoTime(ports.clock.nowMs()),
      boot: { ...boot, attempts: boot.attempts + 1, hello_ms: null, ready_ms: null },
    });
    try {
      const launched = await ports.driver.launch(launchRequest(context));
      ledger.note({ vm: launched.handle });
      logLaunch(context, launched);
      return;
    } catch (error) {
      if (!isMvmError(error, "MVM_VM_BOOT_HUNG")) throw error;
      countHungBoot(context);
      if (left === 1 || context.signal.aborted) throw error;
    }
  }
}

/** One more boot that hung, told and counted. */
export function countHungBoot({ ledger, log }: StepContext): void {
  const { boot } = ledger.record();
  ledger.note({ boot: { ...boot, hung_boots: boot.hung_boots + 1 } });
  log.warn("vm.boot.hung", { hung_boots: boot.hung_boots + 1 });
}

async function kill(context: StepContext): Promise<void> {
  const { id, ledger, ports, paths } = context;
  const { vm, uid } = ledger.record();
  if (vm !== null) {
    await keepConsole(context, vm);
    await ports.driver.kill(vm);
  }
  // A launch that was cut left no handle, only what the driver finds by place and uid.
  if (uid !== null) await ports.driver.sweep({ id, uid, stateDir: paths.stateDir, runDir: paths.runDir });
  ledger.note({ vm: null, launched_at: null });
}

function launchRequest(context: StartContext): VmLaunch {
  const { order, image, paths, ledger, settings, signal } = context;
  const { network, tap, mac } = ledger.record().attachment;
  return {
    id: order.instance.instance_id,
    kernelPath: image.kernelPath,
    initrdPath: image.initrdPath,
    kernelArgs: hasDataDrive(context)
      ? [`mvm.volume=${order.instance.volume_uuid},${ledger.record().volume_generation}`]
      : [],
    drives: vmDrives(context),
    network: { namespace: network.namespace, tap, mac },
    vcpus: order.pool.resources.vcpus,
    memMib: order.pool.resources.mem_mib,
    uid: ledger.record().uid ?? 0,
    stateDir: paths.stateDir,
    runDir: paths.runDir,
    firstOutputTimeoutMs: settings.firstOutputTimeoutMs,
    signal,
  };
}

/** In the order of design §8: vda, vdb, vdc, vdd; one that is left out leaves no gap. */
function vmDrives(context: StartContext): readonly VmDrive[] {
  const { image, paths } = context;
  const data: VmDrive = { name: "data", path: paths.volume, readOnly: false, luksKeyPath: paths.volumeKey };
  const secrets: VmDrive = { name: "secrets", path: paths.secretsImage, readOnly: true };
  return [
    { name: "rootfs", path: image.rootfsPath, readOnly: true },
    ...(hasDataDrive(context) ? [data] : []),
    ...(hasSecretsDrive(context) ? [secrets] : []),
    { name: "config", path: paths.configImage, readOnly: true },
  ];
}

function logLaunch({ log }: StepContext, { handle, confinement, firstOutputMs }: LaunchedVm): void {
  log.info("vm.launched", {
    pid: handle.process.pid,
    uid: handle.uid,
    first_output_ms: Math.round(firstOutputMs),
    kept: confinement.kept,
    missing: confinement.missing,
  });
}
