/**
 * The VM's process: launched, and killed with what a launch that was cut left of it. A foreign process that has
 * its pid or its uid is not the VM, and lives on.
 *
 * A boot that hangs before its first sign of life is killed by the driver; it is tried once more
 * here and counted (emulated boots do hang), a second one is the operation's failure.
 */
import { isMvmError, isoTime } from "@mvm/core";
import type { LaunchedVm, VmDrive, VmLaunch, VmLimits } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import { hasSecretsDrive } from "../secrets-drive.ts";
import type { StartContext } from "../start-context.ts";
import { oneWay, type Step, type StepContext } from "../step.ts";
import { forgetOutput, keepOutput } from "./last-output.ts";
import { openedVolume } from "./volume.ts";

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

export const killVm = oneWay("kill-vm", kill);

async function launch(context: StartContext): Promise<void> {
  const { ledger, ports } = context;
  await forgetOutput(context);
  for (let left = LAUNCHES; ; left -= 1) {
    const { boot } = ledger.record();
    ledger.note({
      launched_at: isoTime(ports.clock.nowMs()),
      boot: { ...boot, attempts: boot.attempts + 1, hello_ms: null, ready_ms: null },
    });
    try {
      const launched = await ports.driver.launch(await launchRequest(context));
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
    await keepOutput(context, vm);
    await ports.driver.kill(vm);
  }
  // A launch that was cut left no handle, only what the driver finds by place and uid.
  if (uid !== null) await ports.driver.sweep({ id, uid, stateDir: paths.stateDir, runDir: paths.runDir });
  ledger.note({ vm: null, launched_at: null });
}

async function launchRequest(context: StartContext): Promise<VmLaunch> {
  const { order, image, paths, ledger, settings, signal } = context;
  const { network, tap, mac } = ledger.record().attachment;
  return {
    id: order.instance.instance_id,
    kernelPath: image.kernelPath,
    vmlinuxPath: image.vmlinuxPath,
    initrdPath: image.initrdPath,
    kernelArgs: hasDataDrive(context)
      ? [`mvm.volume=${order.instance.volume_uuid},${ledger.record().volume_generation}`]
      : [],
    drives: await vmDrives(context),
    network: { namespace: network.namespace, tap, mac },
    vcpus: order.pool.resources.vcpus,
    memMib: order.pool.resources.mem_mib,
    uid: ledger.record().uid ?? 0,
    limits: vmLimits(order.type.limits),
    stateDir: paths.stateDir,
    runDir: paths.runDir,
    signOfLifeTimeoutMs: settings.signOfLifeTimeoutMs,
    signal,
  };
}

const BYTES_PER_KIB = 1024;

function vmLimits(limits: StartContext["order"]["type"]["limits"]): VmLimits {
  const { cpu_percent, disk_kib_per_second, disk_ops_per_second, net_kib_per_second } = limits;
  return {
    ...(cpu_percent === undefined ? {} : { cpuPercent: cpu_percent }),
    ...(disk_kib_per_second === undefined ? {} : { diskBytesPerSecond: disk_kib_per_second * BYTES_PER_KIB }),
    ...(disk_ops_per_second === undefined ? {} : { diskOpsPerSecond: disk_ops_per_second }),
    ...(net_kib_per_second === undefined ? {} : { netBytesPerSecond: net_kib_per_second * BYTES_PER_KIB }),
  };
}

/** In the order of design §8: vda, vdb, vdc, vdd; one that is left out leaves no gap. */
async function vmDrives(context: StartContext): Promise<readonly VmDrive[]> {
  const { image, paths } = context;
  const data: readonly VmDrive[] = hasDataDrive(context)
    ? [{ name: "data", readOnly: false, ...(await openedVolume(context)) }]
    : [];
  const secrets: VmDrive = { name: "secrets", path: paths.secretsImage, readOnly: true };
  return [
    { name: "rootfs", path: image.rootfsPath, readOnly: true },
    ...data,
    ...(hasSecretsDrive(context) ? [secrets] : []),
    { name: "config", path: paths.configImage, readOnly: true },
  ];
}

function logLaunch({ log }: StepContext, { handle, confinement, signOfLifeMs }: LaunchedVm): void {
  log.info("vm.launched", {
    pid: handle.process.pid,
    uid: handle.uid,
    sign_of_life_ms: Math.round(signOfLifeMs),
    kept: confinement.kept,
    missing: confinement.missing,
  });
}
