/**
 * From nothing to a running VM, for launch and restore alike: its directories prepared, QEMU started
 * stopped, a look at its process, only then the guest let run, and a sign of life where one is to come. What
 * fails on the way leaves nothing behind but what the caller made.
 */
import { MvmError } from "@mvm/core";
import { namespacePath } from "../../network/network-names.ts";
import { handleOf, type BroughtUp } from "../brought-up.ts";
import type { Confinement, VmLaunch, VmPlace } from "../driver.ts";
import { killProcess } from "../strays.ts";
import { undoLaunch } from "../undo-launch.ts";
import { refuseRoot } from "../vm-user.ts";
import { qemuArgv } from "./argv.ts";
import { checkConfinement } from "./confinement.ts";
import { DRIVER_NAME, type DriverParts, type QemuPorts } from "./driver-parts.ts";
import { explained, withGuestsWords } from "./explain.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";
import { controlOf, startQemu, type QemuProcess } from "./qemu-process.ts";
import type { Qmp } from "./qmp/session.ts";
import { clearRemains, removeFiles } from "./remains.ts";
import { awaitSignOfLife } from "./sign-of-life.ts";
import type { Execution } from "./suitability/host-support.ts";
import { requireTap } from "./tap.ts";
import { vmPaths } from "./vm-paths.ts";

/** What differs between a first boot and a restore. */
export interface BringUp {
  readonly vm: Omit<VmLaunch, "signOfLifeTimeoutMs">;
  /** The file behind the guest's memory. */
  readonly memoryPath: string;
  /** Where QEMU is to take a saved device state. */
  readonly incomingPath?: string;
  /** Sees to the memory's file, before there is a process. */
  readonly prepare: (execution: Execution) => Promise<void>;
  /** Lets the guest run; before it has run, its VMM was looked at and found confined. */
  readonly letRun: (qmp: Qmp) => Promise<unknown>;
  /** Without the guest's sign of life in this time its boot counts as hung; null where none is to be awaited. */
  readonly signOfLifeTimeoutMs: number | null;
}

/** @throws MvmError MVM_VM_BOOT_HUNG, MVM_VM_CONFINEMENT, MVM_VM_DRIVER, MVM_HOST_UNSUPPORTED */
export async function bringUp(parts: DriverParts, request: BringUp): Promise<BroughtUp> {
  const { ports } = parts;
  const { vm } = request;
  refuseRoot(vm);
  await clearRemains(parts, vm);
  let qemu: QemuProcess | null = null;
  try {
    const argv = await preparedArgv(parts, request);
    vm.signal?.throwIfAborted();
    const startedAtMs = ports.clock.monotonicMs();
    qemu = await startQemu(ports, argv);
    const confinement = await fromStopped(parts, request, qemu);
    const elapsedMs = ports.clock.monotonicMs() - startedAtMs;
    return { vm: { handle: handleOf(DRIVER_NAME, vm, qemu.ref), confinement }, elapsedMs };
  } catch (error) {
    const told = qemu === null ? error : await explained(parts, error, qemu);
    throw await undoLaunch(told, () => endLaunch(parts, vm, qemu));
  } finally {
    qemu?.letGo();
  }
}

/** @param qemu null when it was not started */
async function endLaunch({ ports, consoles }: DriverParts, vm: VmPlace, qemu: QemuProcess | null): Promise<void> {
  if (qemu !== null) await killProcess(ports.processes, qemu.ref);
  consoles.forget(vmPaths(vm).console);
  await removeFiles(ports, vm);
}

/** What QEMU is to be started with, and all that it needs for that. */
async function preparedArgv({ ports, host }: DriverParts, request: BringUp): Promise<ReturnType<typeof qemuArgv>> {
  const { vm, memoryPath, incomingPath } = request;
  const { root } = vmPaths(vm);
  await requireTap(ports.commands, { ...vm.network, uid: vm.uid });
  // Sockets appear in it before their modes can be set.
  await ports.files.chmod(vm.runDir, 0o700);
  await ports.files.ensureDir(root, { mode: 0o555 });
  const execution = await host.executionOf(vm.kernelPath, root);
  await request.prepare(execution);
  const commandLine = kernelCommandLine({ tscKhz: execution.tscKhz, extra: vm.kernelArgs });
  const incoming = incomingPath === undefined ? {} : { incomingPath };
  return qemuArgv({ vm, commandLine, memoryPath, ...incoming, ...execution });
}

/** From a process that was just started to a guest that runs. */
async function fromStopped(parts: DriverParts, request: BringUp, qemu: QemuProcess): Promise<Confinement> {
  const { ports, consoles } = parts;
  const { vm, signOfLifeTimeoutMs: timeoutMs } = request;
  const paths = vmPaths(vm);
  let ending = "";
  const qmp = await controlOf(ports, qemu, {
    path: paths.qmp,
    onEvent: ({ name, data }) => {
      if (name === "SHUTDOWN") ending = String(data["reason"]);
    },
    signal: vm.signal,
  });
  try {
    for (const socket of [paths.qmp, paths.console, paths.guest]) await ports.files.chmod(socket, 0o600);
    const console = await consoles.open(paths.console);
    const confinement = await look(ports, vm, qemu);
    await request.letRun(qmp);
    if (timeoutMs !== null) await awaitSignOfLife(parts, { vm, console, timeoutMs });
    return confinement;
  } catch (error) {
    throw withGuestsWords(error, { ending, consoleTail: consoles.tail(paths.console) });
  } finally {
    qmp.close();
  }
}

/** @throws MvmError MVM_VM_CONFINEMENT; the guest has not run an instruction yet */
async function look(
  { files, processes }: QemuPorts,
  { uid, network }: Pick<VmLaunch, "uid" | "network">,
  qemu: QemuProcess,
): Promise<Confinement> {
  const facts = await processes.facts(qemu.ref);
  if (facts === null) throw new MvmError("MVM_VM_DRIVER", { message: "QEMU ended while it was looked at" });
  const rootEntries = await files.list(`/proc/${qemu.ref.pid}/root/`);
  const namespace = await files.stat(namespacePath(network.namespace));
  return checkConfinement({ facts, rootEntries }, { uid, netNamespace: `net:[${namespace?.inode ?? 0}]` });
}
