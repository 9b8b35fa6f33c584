/**
 * Pausing a VM and letting it run on. Between the two nobody reaches its guest channel: QEMU writes
 * into guest memory when that channel is opened or closed, also while the processors stand, and a
 * snapshot shares that memory.
 */
import { MvmError } from "@mvm/core";
import type { VmHandle } from "../driver.ts";
import type { DriverParts, QemuPorts } from "./driver-parts.ts";
import { withQmp, type QmpPorts } from "./qmp/session.ts";
import { runStateOf, vmState } from "./run-state.ts";
import { vmPaths } from "./vm-paths.ts";

/** A pause ends with the flush of the guest's disks. */
const TIMEOUT_MS = 30_000;

type RunControlParts = Pick<DriverParts, "ports" | "streams">;

/** The contract is VmmDriver.pause's. */
export async function pauseVm({ ports, streams }: RunControlParts, handle: VmHandle): Promise<void> {
  await told(ports, handle, { command: "stop", expected: "paused" });
  await putGuestSocketAside(ports, handle);
  streams.forget(vmPaths(handle).guest);
}

/** The contract is VmmDriver.resume's. */
export async function resumeVm({ ports }: RunControlParts, handle: VmHandle): Promise<void> {
  const { guest, guestAside, memory } = vmPaths(handle);
  const facts = await ports.files.stat(memory);
  if (facts !== null && facts.links > 1) {
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${handle.id} can't go on: a snapshot shares its memory, and would be broken`,
      remedy: "Remove the snapshot first.",
    });
  }
  if ((await ports.files.stat(guestAside)) !== null) await ports.files.rename(guestAside, guest);
  await told(ports, handle, { command: "cont", expected: "running" });
}

/** Idempotent. Connections that are open stay so. */
export async function putGuestSocketAside({ files }: Pick<QemuPorts, "files">, vm: VmHandle): Promise<void> {
  const { guest, guestAside } = vmPaths(vm);
  if ((await files.stat(guest)) !== null) await files.rename(guest, guestAside);
}

interface Order {
  readonly command: "stop" | "cont";
  readonly expected: "paused" | "running";
}

async function told(ports: QmpPorts, handle: VmHandle, { command, expected }: Order): Promise<void> {
  const session = { path: vmPaths(handle).qmp, timeoutMs: TIMEOUT_MS };
  const status = await withQmp(ports, session, async (qmp) => {
    await qmp.execute(command);
    return runStateOf(qmp);
  });
  if (vmState(status) === expected) return;
  throw new MvmError("MVM_VM_DRIVER", {
    message: `${handle.id} was told to ${command} and is ${status}, not ${expected}`,
    details: { status },
  });
}
