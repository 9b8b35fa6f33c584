/**
 * A VMM driver over the fake machine. It opens what a real one opens (tap, volume and key, drives)
 * and fails where they are not as they must be.
 */
import { MvmError, NO_MEM_OVERHEAD } from "@mvm/core";
import type { DriverFingerprint, VmDrive, VmHandle, VmLaunch, VmPlace, VmmDriver } from "@mvm/runtime";
import type { AgentProcess } from "./agent-process.ts";
import { FakeGuest } from "./fake-guest.ts";
import type { FakeMachine, FakeVm } from "./fake-machine.ts";
import { readVolume } from "./fake-volumes.ts";

const DRIVER_NAME = "fake";
const SPAWN_MS = 30;
const SIGN_OF_LIFE_MS = 400;
const POLL_MS = 100;
const BYTES_PER_MIB = 1024 * 1024;
const NO_VCPUS = "a fake VM has no processors and no memory";

export const fakeFingerprint: DriverFingerprint = {
  name: DRIVER_NAME,
  version: "1",
  acceleration: "emulated",
  memOverhead: NO_MEM_OVERHEAD,
  unusable: null,
  relaxations: [],
};

/** @param caller the agent that holds this driver: a launch goes on without it as far as a real one would */
export function fakeDriver(machine: FakeMachine, caller: AgentProcess): VmmDriver {
  const { clock } = machine;
  const isGone = (handle: VmHandle): boolean => machine.find(handle.process) === null;

  async function boot(vm: FakeVm, launch: VmLaunch): Promise<void> {
    await clock.sleep(SPAWN_MS, launch.signal);
    // An agent that died here leaves a VMM that never let its guest go.
    if (!caller.alive) return;
    const script = machine.boots.get(launch.id)?.shift() ?? "well";
    if (script === "unconfined") throw unconfined(launch);
    await clock.sleep(script === "hang" ? launch.signOfLifeTimeoutMs : SIGN_OF_LIFE_MS, launch.signal);
    if (script === "hang")
      throw new MvmError("MVM_VM_BOOT_HUNG", { message: `${launch.id} printed nothing`, retry: "backoff" });
    vm.guest = new FakeGuest(machine, vm, { kernelArgs: launch.kernelArgs, script });
  }

  async function sweep(place: VmPlace): Promise<void> {
    for (const { handle } of [...machine.vms.values()]) if (handle.uid === place.uid) machine.endVm(handle.process);
  }

  return {
    capabilities: { restoreConsumes: false, dataDrive: machine.dataDrive },
    fingerprint: async () => fakeFingerprint,
    async launch(launch) {
      await sweep(launch);
      await checkLaunch(machine, launch);
      const { id, stateDir, runDir, uid, network } = launch;
      const data = launch.drives.find(({ name }) => name === "data");
      const dataPath = data === undefined ? null : machine.fileBehind(data.path);
      const vm = machine.addVm({
        handle: { id, driver: DRIVER_NAME, stateDir, runDir, uid, networkNamespace: network.namespace },
        tap: network.tap,
        dataPath,
        dataMib: dataPath === null ? 0 : readVolume(machine.files, dataPath).sizeMib,
        memMib: launch.memMib,
        limits: launch.limits ?? {},
      });
      try {
        await boot(vm, launch);
      } catch (error) {
        machine.endVm(vm.handle.process);
        throw error;
      }
      return { handle: vm.handle, confinement: { kept: ["uid"], missing: [] }, signOfLifeMs: SIGN_OF_LIFE_MS };
    },
    adopt: async (handle) => (handle.driver === DRIVER_NAME && !isGone(handle) ? handle : null),
    async inspect(handle) {
      if (isGone(handle)) return "gone";
      return machine.diskFailed.has(handle.id) ? "disk-failed" : "running";
    },
    growDrive: async (handle, { sizeBytes }) => showMore(machine, handle, sizeBytes / BYTES_PER_MIB),
    pause: cannot,
    resume: cannot,
    snapshot: cannot,
    restore: cannot,
    waitGone: (handle, timeoutMs, signal) => waitGone(machine, handle, { timeoutMs, signal }),
    async kill(handle) {
      if (!isGone(handle)) machine.kills.push(handle.id);
      machine.endVm(handle.process);
    },
    sweep,
    async openGuestStream(handle) {
      const guest = machine.find(handle.process)?.guest ?? null;
      if (guest === null) throw new MvmError("MVM_VM_DRIVER", { message: `${handle.id} has no guest to speak to` });
      return guest.connect();
    },
    outputTail: async (handle) => ({
      source: "guest-console",
      bytes: Buffer.from(`console of ${handle.id}\u001b[2J\n`),
    }),
    close: () => undefined,
  };
}

async function waitGone(
  machine: FakeMachine,
  { process }: VmHandle,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const { clock } = machine;
  const endsAtMs = clock.monotonicMs() + timeoutMs;
  while (machine.find(process) !== null) {
    if (clock.monotonicMs() >= endsAtMs || signal?.aborted === true) return false;
    await clock.sleep(Math.min(POLL_MS, endsAtMs - clock.monotonicMs()));
  }
  return true;
}

/** The VMM takes its drive for as big as it is told, if it is not so already. */
function showMore(machine: FakeMachine, handle: VmHandle, sizeMib: number): void {
  const vm = machine.find(handle.process);
  const dataPath = vm?.dataPath ?? null;
  if (vm === null || dataPath === null)
    throw new MvmError("MVM_VM_DRIVER", { message: `${handle.id} has no drive to grow` });
  if (readVolume(machine.files, dataPath).sizeMib < sizeMib)
    machine.violated(`${handle.id} is shown ${sizeMib} MiB of a volume that holds less`);
  vm.dataMib = Math.max(vm.dataMib, sizeMib);
}

function unconfined({ id }: VmLaunch): MvmError {
  return new MvmError("MVM_VM_CONFINEMENT", {
    message: `${id} would have capabilities`,
    details: { broken: ["it has no capabilities"] },
  });
}

function cannot(): Promise<never> {
  return Promise.reject(new MvmError("MVM_VM_DRIVER", { message: NO_VCPUS }));
}

/** What a VMM would fail to open, and what would be open to others. */
async function checkLaunch(machine: FakeMachine, launch: VmLaunch): Promise<void> {
  const { id, uid, network, drives, stateDir, runDir } = launch;
  const refuse = (fact: string): never => {
    throw new MvmError("MVM_VM_DRIVER", { message: `${id} can't be launched: ${fact}` });
  };
  const namespace = machine.namespaces.get(network.namespace);
  if (namespace?.taps.get(network.tap) !== uid) refuse(`tap ${network.tap} is not there for uid ${uid}`);
  if (!(namespace?.ports.some(({ ownerUid, instance }) => ownerUid === uid && instance.instance_id === id) ?? false))
    machine.violated(`${id} is launched without rules for it`);
  for (const dir of [stateDir, runDir]) if ((await machine.files.stat(dir)) === null) refuse(`${dir} is not there`);
  for (const drive of drives.slice(1)) await checkDrive(machine, drive, refuse);
}

async function checkDrive(machine: FakeMachine, drive: VmDrive, refuse: (fact: string) => never): Promise<void> {
  if ((await machine.files.stat(machine.fileBehind(drive.path))) === null) refuse(`${drive.path} is not there`);
  if (drive.luksKeyPath !== undefined && (await machine.files.stat(drive.luksKeyPath)) === null)
    refuse(`the key ${drive.luksKeyPath} is not there`);
}
