/**
 * From nothing to a running VM, for launch and restore alike: control group, jail, jailed process, its API
 * told everything, a look, the guest let run, a second look, a sign of life. What fails on the way leaves
 * nothing behind but what the caller made.
 */
import { isMvmError, MvmError, type ProcessRef } from "@mvm/core";
import { handleOf, type BroughtUp } from "../brought-up.ts";
import type { Confinement, VmLaunch } from "../driver.ts";
import { killProcess } from "../strays.ts";
import { undoLaunch } from "../undo-launch.ts";
import { refuseRoot } from "../vm-user.ts";
import { firecrackerApi, type FirecrackerApi } from "./api/client.ts";
import type { ApiRequest } from "./api/requests.ts";
import { letGoOfLoops } from "./jail/block-nodes.ts";
import { limitFiles } from "./confinement/cgroup-limits.ts";
import { cgroupOf, makeCgroup } from "./confinement/cgroups.ts";
import type { PromisedConfinement } from "./confinement/confinement.ts";
import { DRIVER_NAME, type DriverParts } from "./driver-parts.ts";
import { explained } from "./explain.ts";
import { closeJail, ensureJailsDir, makeJail, type StagedJail } from "./jail/jail.ts";
import { jailerArgv } from "./jail/jailer-argv.ts";
import { jailPaths, type JailPaths } from "./jail/jail-paths.ts";
import { startJailed } from "./jail/jailed-process.ts";
import { look, type LookRequest } from "./confinement/look.ts";
import { ofVm } from "./of-vm.ts";
import { clearRemains } from "./remains.ts";
import { awaitSignOfLife } from "./sign-of-life.ts";
import type { Artifact } from "./jail/staging.ts";

/** unix(7) */
const MAX_SOCKET_PATH_BYTES = 107;

/** What differs between a first boot and a restore. */
export interface BringUp {
  readonly vm: Omit<VmLaunch, "signOfLifeTimeoutMs">;
  readonly artifacts: readonly Artifact[];
  /** Makes the VM, without letting its guest run. */
  readonly make: readonly ApiRequest[];
  /** Which threads have their filters after that. */
  readonly filteredBefore: PromisedConfinement["filtered"];
  /** Lets the guest run. */
  readonly go: ApiRequest;
  /** Without the guest's sign of life in this time its boot counts as hung; null where none is to be awaited. */
  readonly signOfLifeTimeoutMs: number | null;
  /** Before anything is made, and once nothing is left of the VM. */
  readonly check?: () => Promise<void>;
}

/** @throws MvmError MVM_VM_BOOT_HUNG, MVM_VM_CONFINEMENT, MVM_VM_DRIVER, MVM_HOST_UNSUPPORTED */
export function bringUp(parts: DriverParts, request: BringUp): Promise<BroughtUp> {
  return ofVm(request.vm.id, () => fromNothing(parts, request));
}

async function fromNothing(parts: DriverParts, request: BringUp): Promise<BroughtUp> {
  const { vm } = request;
  refuseRoot(vm);
  const paths = jailPaths(parts.jailsDir, vm.id);
  expectShort(paths);
  await clearRemains(parts, vm);
  await request.check?.();
  try {
    vm.signal?.throwIfAborted();
    return await inJail(parts, request, paths);
  } catch (error) {
    throw await undoLaunch(await explained(parts, error, vm), () => clearRemains(parts, vm));
  }
}

/** A longer path can't be connected to. */
function expectShort({ guestSocket }: JailPaths): void {
  if (Buffer.byteLength(guestSocket) <= MAX_SOCKET_PATH_BYTES) return;
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `${guestSocket} is longer than the ${MAX_SOCKET_PATH_BYTES} bytes that a socket's path may have`,
    remedy: "Shorten [node] state_dir in mvm.toml, or the names of tenant and pool.",
  });
}

async function inJail(parts: DriverParts, request: BringUp, paths: JailPaths): Promise<BroughtUp> {
  const { ports, jailsDir, cgroups } = parts;
  const { vm } = request;
  const limits = limitFiles(vm, await dataDevice(parts, vm));
  await makeCgroup(ports, { place: cgroups, id: vm.id, limits });
  await ensureJailsDir(ports, jailsDir);
  const jail = await jailOf(parts, request, paths);
  await parts.logs.open(paths.log);

  const startedAtMs = ports.clock.monotonicMs();
  const { firecracker, jailer } = parts.programs;
  const argv = jailerArgv({ jailer, firecracker, jailsDir, cgroup: cgroupOf(cgroups, vm.id), vm });
  const process = await startJailed(ports, { argv, paths, signal: vm.signal });
  try {
    const { files } = jail;
    const confinement = await letRun(parts, request, {
      api: await made(parts, request, { paths, process, jail }),
      look: { vm, process, paths, place: cgroups, limitFiles: limits, files },
    });
    const { signOfLifeTimeoutMs: timeoutMs } = request;
    const { guestSocket } = paths;
    if (timeoutMs !== null) await awaitSignOfLife(parts, { vm, process, guestSocket, timeoutMs });
    const elapsedMs = ports.clock.monotonicMs() - startedAtMs;
    return { vm: { handle: handleOf(DRIVER_NAME, vm, process), confinement }, elapsedMs };
  } catch (error) {
    // One that is not where and who it was to be is found by nothing but its pid.
    throw await undoLaunch(error, () => killProcess(ports.processes, process));
  }
}

/** The VM made, its guest still standing, and all taken from its VMM that it needs no more. */
async function made(
  { ports }: DriverParts,
  { vm, make }: BringUp,
  up: { readonly paths: JailPaths; readonly process: ProcessRef; readonly jail: StagedJail },
): Promise<FirecrackerApi> {
  const { signal } = vm;
  const api = firecrackerApi(ports.http, ports.clock, up.paths.apiSocket);
  await api.ready({ isOver: async () => !(await ports.processes.isAlive(up.process)), signal });
  for (const each of make) await api.send(each, { signal });
  await letGoOfLoops(ports, up.jail.loops);
  await closeJail(ports, up.paths, vm.uid);
  return api;
}

async function jailOf(
  { ports, jailsDir }: DriverParts,
  { vm, artifacts }: BringUp,
  paths: JailPaths,
): Promise<StagedJail> {
  try {
    return await makeJail(ports, { jailsDir, paths, uid: vm.uid, artifacts });
  } catch (cause) {
    if (isMvmError(cause, "MVM_VM_DRIVER")) throw cause;
    throw new MvmError("MVM_VM_DRIVER", { message: `can't make the jail of ${vm.id} in ${paths.dir}`, cause });
  }
}

/** Looked at, let run, and looked at again with all its threads. */
async function letRun(
  { ports }: DriverParts,
  { vm, filteredBefore, go }: BringUp,
  { api, look: request }: { readonly api: FirecrackerApi; readonly look: LookRequest },
): Promise<Confinement> {
  await look(ports, request, filteredBefore);
  vm.signal?.throwIfAborted();
  await api.send(go);
  return look(ports, request, "all-threads");
}

/** `major:minor` of the data drive's device. */
async function dataDevice({ ports }: DriverParts, { drives }: Pick<VmLaunch, "drives">): Promise<string | null> {
  const data = drives.find(({ name }) => name === "data");
  const found = data === undefined ? null : await ports.raw.identify(data.path);
  if (found?.kind !== "block") return null;
  // As the kernel packs a device's number into 32 bits.
  const [major, minor] = [(found.rdev >> 8) & 0xfff, (found.rdev & 0xff) | ((found.rdev >> 12) & 0xfff00)];
  return `${major}:${minor}`;
}
