/**
 * How every VM gets going, booted or restored: prepare its directories, start QEMU stopped, look at
 * its process, only then let the guest run. What fails on the way leaves nothing behind.
 */
import { MvmError, type CommandRunner } from "@mvm/core";
import type { Confinement, LaunchedVm, VmLaunch } from "../driver.ts";
import { namespacePath } from "../../network/network-names.ts";
import { qemuArgv } from "./argv.ts";
import { checkConfinement } from "./confinement.ts";
import type { Consoles, OpenConsole } from "../consoles.ts";
import { DRIVER_NAME } from "./driver-name.ts";
import type { Execution, HostSupport } from "./host-support.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";
import { controlOf, explained, startQemu, type QemuProcess, type QemuProcessPorts } from "./qemu-process.ts";
import type { Qmp } from "./qmp-session.ts";
import { clearRemains, killProcess, removeFiles, type RemainsPorts } from "./remains.ts";
import { requireTap } from "./tap.ts";
import { vmPaths } from "./vm-paths.ts";

const CONSOLE_IN_ERROR_BYTES = 2_000;

export interface StartPorts extends QemuProcessPorts, RemainsPorts {
  readonly commands: CommandRunner;
}

export interface StartParts {
  readonly ports: StartPorts;
  readonly consoles: Consoles;
  readonly host: HostSupport;
}

/** What differs between a boot and a restore. */
export interface Start {
  /** The file behind the guest's memory. */
  readonly memoryPath: string;
  /** Where QEMU is to take a saved device state. */
  readonly incomingPath?: string;
  /** Sees to the memory's file, before there is a process. */
  readonly prepare: (execution: Execution) => Promise<void>;
  /** Lets the guest run. */
  readonly letRun: (vmm: ConfinedVmm) => Promise<void>;
}

/** A VMM that was looked at and found confined; its guest has not run an instruction here. */
export interface ConfinedVmm {
  readonly qmp: Qmp;
  readonly console: OpenConsole;
}

export async function startVm(parts: StartParts, vm: VmLaunch, start: Start): Promise<LaunchedVm> {
  const { ports, consoles } = parts;
  const paths = vmPaths(vm);
  consoles.forget(paths.console);
  await clearRemains(ports, vm);
  let qemu: QemuProcess | null = null;
  try {
    await prepare(ports, vm);
    const execution = await parts.host.executionOf(vm.kernelPath, paths.root);
    await start.prepare(execution);
    const commandLine = kernelCommandLine({ tscKhz: execution.tscKhz, extra: vm.kernelArgs });
    vm.signal?.throwIfAborted();
    const startedAtMs = ports.clock.monotonicMs();
    const { memoryPath, incomingPath } = start;
    const argv = qemuArgv({
      vm,
      commandLine,
      memoryPath,
      ...(incomingPath === undefined ? {} : { incomingPath }),
      ...execution,
    });
    qemu = await startQemu(ports, argv);
    const confinement = await bringUp(parts, { vm, qemu, letRun: start.letRun });
    const signOfLifeMs = ports.clock.monotonicMs() - startedAtMs;
    const { id, stateDir, runDir, uid } = vm;
    const handle = {
      id,
      driver: DRIVER_NAME,
      process: qemu.ref,
      stateDir,
      runDir,
      uid,
      networkNamespace: vm.network.namespace,
    };
    return { handle, confinement, signOfLifeMs };
  } catch (error) {
    const told = qemu === null ? error : await explained(error, qemu, ports);
    if (qemu !== null) await killProcess(ports, qemu.ref);
    consoles.forget(paths.console);
    await removeFiles(ports, vm);
    throw told;
  } finally {
    qemu?.letGo();
  }
}

async function prepare({ commands, files }: StartPorts, vm: VmLaunch): Promise<void> {
  if (vm.uid === 0)
    throw new MvmError("MVM_VM_CONFINEMENT", { message: `${vm.id} would run as root`, details: { uid: vm.uid } });
  const { namespace, tap } = vm.network;
  await requireTap(commands, { namespace, tap, uid: vm.uid });
  // Sockets appear in it before their modes can be set.
  await files.chmod(vm.runDir, 0o700);
  await files.ensureDir(vmPaths(vm).root, { mode: 0o555 });
}

interface StartedVm extends Pick<Start, "letRun"> {
  readonly vm: VmLaunch;
  readonly qemu: QemuProcess;
}

/** From a process that was just started to a guest that runs. */
async function bringUp({ ports, consoles }: StartParts, { vm, qemu, letRun }: StartedVm): Promise<Confinement> {
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
    await letRun({ qmp, console });
    return confinement;
  } catch (error) {
    throw withGuestsWords(error, { ending, consoleTail: consoles.tail(paths.console) });
  } finally {
    qmp.close();
  }
}

/** @throws MvmError MVM_VM_CONFINEMENT; the guest has not run an instruction yet */
async function look({ files, processes }: StartPorts, vm: VmLaunch, qemu: QemuProcess): Promise<Confinement> {
  const facts = await processes.facts(qemu.ref);
  if (facts === null) throw new MvmError("MVM_VM_DRIVER", { message: "QEMU ended while it was looked at" });
  const rootEntries = await files.list(`/proc/${qemu.ref.pid}/root/`);
  const namespace = await files.stat(namespacePath(vm.network.namespace));
  return checkConfinement({ facts, rootEntries }, { uid: vm.uid, netNamespace: `net:[${namespace?.inode ?? 0}]` });
}

/** What the guest printed and how it ended, as far as there is any: untrusted text, for a person. */
function withGuestsWords(
  error: unknown,
  { ending, consoleTail }: { readonly ending: string; readonly consoleTail: Buffer },
): unknown {
  if (!(error instanceof MvmError)) return error;
  const words = {
    ...(ending === "" ? {} : { ending }),
    ...(consoleTail.length === 0
      ? {}
      : { console_tail: consoleTail.subarray(-CONSOLE_IN_ERROR_BYTES).toString("latin1") }),
  };
  const { code, message, remedy, cause, retry, details } = error;
  return new MvmError(code, { message, remedy, cause, retry, details: { ...details, ...words } });
}
