/**
 * One launch: prepare the VM's directories, start QEMU stopped, look at its process, let the guest
 * run, wait for its first console byte. What fails on the way leaves nothing behind.
 */
import { MvmError, type CommandRunner } from "@mvm/core";
import type { Confinement, LaunchedVm, VmLaunch } from "../driver.ts";
import { namespacePath } from "../../network/network-names.ts";
import { qemuArgv } from "./argv.ts";
import { checkConfinement } from "./confinement.ts";
import type { Consoles, OpenConsole } from "./consoles.ts";
import type { HostSupport } from "./host-support.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";
import { controlOf, explained, startQemu, type QemuProcess, type QemuProcessPorts } from "./qemu-process.ts";
import { clearRemains, killProcess, removeFiles, type RemainsPorts } from "./remains.ts";
import { requireTap } from "./tap.ts";
import { withinLimit } from "./time-limit.ts";
import { vmPaths } from "./vm-paths.ts";

export const DRIVER_NAME = "qemu";
const MIB = 1024 * 1024;
const CONSOLE_IN_ERROR_BYTES = 2_000;

export interface LaunchPorts extends QemuProcessPorts, RemainsPorts {
  readonly commands: CommandRunner;
}

export interface LaunchParts {
  readonly ports: LaunchPorts;
  readonly consoles: Consoles;
  readonly host: HostSupport;
}

/** The contract is VmmDriver.launch's. */
export async function launchVm(parts: LaunchParts, vm: VmLaunch): Promise<LaunchedVm> {
  const { ports, consoles } = parts;
  const paths = vmPaths(vm);
  consoles.forget(paths.console);
  await clearRemains(ports, vm);
  let qemu: QemuProcess | null = null;
  try {
    await prepare(ports, vm);
    const execution = await parts.host.executionOf(vm.kernelPath, paths.root);
    const commandLine = kernelCommandLine({ tscKhz: execution.tscKhz, extra: vm.kernelArgs });
    vm.signal?.throwIfAborted();
    const startedAtMs = ports.clock.monotonicMs();
    qemu = await startQemu(ports, qemuArgv({ vm, commandLine, ...execution }));
    const confinement = await bringUp(parts, vm, qemu);
    const firstOutputMs = ports.clock.monotonicMs() - startedAtMs;
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
    return { handle, confinement, firstOutputMs };
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

async function prepare({ commands, files }: LaunchPorts, vm: VmLaunch): Promise<void> {
  if (vm.uid === 0)
    throw new MvmError("MVM_VM_CONFINEMENT", { message: `${vm.id} would run as root`, details: { uid: vm.uid } });
  const { namespace, tap } = vm.network;
  await requireTap(commands, { namespace, tap, uid: vm.uid });
  const paths = vmPaths(vm);
  // Sockets appear in it before their modes can be set.
  await files.chmod(vm.runDir, 0o700);
  await files.ensureDir(paths.root, { mode: 0o555 });
  await files.createSparse(paths.memory, vm.memMib * MIB, { mode: 0o600 });
}

/** From a process that was just started to a guest that shows life. */
async function bringUp({ ports, consoles }: LaunchParts, vm: VmLaunch, qemu: QemuProcess): Promise<Confinement> {
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
    await qmp.execute("cont");
    await firstOutput(ports, vm, console);
    return confinement;
  } catch (error) {
    throw withGuestsWords(error, { ending, consoleTail: consoles.tail(paths.console) });
  } finally {
    qmp.close();
  }
}

/** @throws MvmError MVM_VM_CONFINEMENT; the guest has not run an instruction yet */
async function look({ files, processes }: LaunchPorts, vm: VmLaunch, qemu: QemuProcess): Promise<Confinement> {
  const facts = await processes.facts(qemu.ref);
  if (facts === null) throw new MvmError("MVM_VM_DRIVER", { message: "QEMU ended while it was looked at" });
  const rootEntries = await files.list(`/proc/${qemu.ref.pid}/root/`);
  const namespace = await files.stat(namespacePath(vm.network.namespace));
  return checkConfinement({ facts, rootEntries }, { uid: vm.uid, netNamespace: `net:[${namespace?.inode ?? 0}]` });
}

async function firstOutput({ clock }: LaunchPorts, vm: VmLaunch, console: OpenConsole): Promise<void> {
  const { firstOutputTimeoutMs: timeoutMs, signal } = vm;
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
