/**
 * Saving a paused VM: device state through QEMU, memory by a second name for the file that it lies
 * in. Nothing is copied; what the guest changed since the file was last synced is written out.
 */
import { join } from "node:path";
import { MvmError } from "@mvm/core";
import * as z from "zod";
import type { VmHandle, VmSnapshot } from "../../driver.ts";
import type { Acceleration } from "../argv.ts";
import { saveDeviceState, type DeviceStatePorts } from "./device-state.ts";
import { DRIVER_NAME, type DriverParts } from "../driver-parts.ts";
import { withQmp, type Qmp } from "../qmp/session.ts";
import { putGuestSocketAside } from "../run-control.ts";
import { runStateOf } from "../run-state.ts";
import { vmPaths } from "../vm-paths.ts";

const TIMEOUT_MS = 30_000;

/** The contract is VmmDriver.snapshot's. */
export async function snapshotVm(
  { ports, streams }: Pick<DriverParts, "ports" | "streams">,
  handle: VmHandle,
  dir: string,
): Promise<VmSnapshot> {
  if ((await ports.files.list(dir)).length > 0)
    throw new MvmError("MVM_VM_DRIVER", { message: `${handle.id} can't be saved: ${dir} is not empty` });
  // Usually done by the pause already.
  streams.forget(vmPaths(handle).guest);
  await putGuestSocketAside(ports, handle);
  const session = { path: vmPaths(handle).qmp, timeoutMs: TIMEOUT_MS };
  const { state, ...vmm } = await withQmp(ports, session, async (qmp) => {
    requireFreshPause(await runStateOf(qmp), handle);
    return { ...(await vmmOf(qmp)), state: await saveDeviceState(ports, qmp, handle) };
  });
  return { driver: DRIVER_NAME, ...vmm, kind: "full", ...(await keep(ports, handle, { dir, state })) };
}

type KeptFiles = Pick<VmSnapshot, "memory_path" | "state_path" | "memory_bytes">;

async function keep(
  { files }: DeviceStatePorts,
  handle: VmHandle,
  { dir, state }: { readonly dir: string; readonly state: Buffer },
): Promise<KeptFiles> {
  const paths = { memory_path: join(dir, "memory"), state_path: join(dir, "state") };
  try {
    await files.link(vmPaths(handle).memory, paths.memory_path);
    await files.sync(paths.memory_path);
    // The state goes last and syncs the directory's names: with it a snapshot is whole.
    await files.writeAtomic(paths.state_path, state);
    return { ...paths, memory_bytes: (await files.stat(paths.memory_path))?.sizeBytes ?? 0 };
  } catch (cause) {
    for (const path of Object.values(paths)) await files.remove(path);
    throw new MvmError("MVM_VM_DRIVER", {
      message: `can't keep the memory and state of ${handle.id} in ${dir}`,
      cause,
    });
  }
}

/** QEMU saves a VM once in a pause: `postmigrate` is a pause that was saved. */
function requireFreshPause(status: string, { id }: VmHandle): void {
  if (status === "paused") return;
  const fact = status === "postmigrate" ? "was saved in this pause already" : `is not paused, but ${status}`;
  throw new MvmError("MVM_VM_DRIVER", { message: `${id} can't be saved: it ${fact}`, details: { status } });
}

const Version = z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) });
const Kvm = z.object({ enabled: z.boolean() });

/** The VMM as it runs: what is installed may be another by now. */
async function vmmOf(qmp: Qmp): Promise<{ readonly vmm_version: string; readonly acceleration: Acceleration }> {
  const version = Version.safeParse(await qmp.execute("query-version"));
  const kvm = Kvm.safeParse(await qmp.execute("query-kvm"));
  if (!version.success || !kvm.success)
    throw new MvmError("MVM_VM_DRIVER", { message: "QEMU does not say what it is", cause: version.error ?? kvm.error });
  const { major, minor, micro } = version.data.qemu;
  return { vmm_version: `${major}.${minor}.${micro}`, acceleration: kvm.data.enabled ? "kvm" : "emulated" };
}
