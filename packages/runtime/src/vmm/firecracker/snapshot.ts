/**
 * Saves a paused VM: Firecracker writes into two files that it gets in its jail for as long as that
 * takes, and what it wrote is moved out. Called by the driver. The VM stays paused.
 *
 * The directory of the two is root's: a VMM that a guest broke out of could else make files there without end
 * and fill the host's disk. Each of the two grows no further than the process's limit (`fsize`).
 */
import { basename, dirname, join } from "node:path";
import { MvmError } from "@mvm/core";
import type { VmHandle, VmSnapshot } from "../driver.ts";
import { saveRequest } from "./api/requests.ts";
import { ACCELERATION, DRIVER_NAME, type DriverParts } from "./driver-parts.ts";
import { inside, jailPaths } from "./jail/jail-paths.ts";
import { apiOf } from "./run-state.ts";

/** All of the guest's memory goes to disk: a slow one writes 32 MiB a second. */
const TIMEOUT_MS = 600_000;
const SAVED_MODE = 0o600;
/** The VM may look into it, not change it. */
const CLOSED_DIR_MODE = 0o750;

/** The contract is VmmDriver.snapshot's. */
export async function snapshotVm(parts: DriverParts, handle: VmHandle, dir: string): Promise<VmSnapshot> {
  const { ports, jailsDir } = parts;
  const { files } = ports;
  const paths = jailPaths(jailsDir, handle.id);
  const api = apiOf(parts, handle);
  const { state, vmm_version } = await api.info();
  if (state !== "Paused")
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${handle.id} is not paused, so that it can't be saved`,
      remedy: "Pause it first.",
      details: { state },
    });
  if ((await files.list(dir)).length > 0)
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${handle.id} can't be saved: ${dir} is not empty`,
      remedy: "Save it into a directory of its own, made for this.",
      details: { dir },
    });
  const outlet = join(paths.root, dirname(inside.savedState));
  const [savedMemory, savedState] = [join(paths.root, inside.savedMemory), join(paths.root, inside.savedState)];
  const statePath = join(dir, basename(inside.savedState));
  const memoryPath = join(dir, basename(inside.savedMemory));
  // Of a save that was cut short.
  await removeOutlet(parts, outlet);
  if ((await files.stat(outlet)) !== null)
    throw new MvmError("MVM_VM_DRIVER", {
      message: `${handle.id} can't be saved: ${outlet} holds what no save left there`,
      remedy: `Stop it, which removes its jail: mvm instance stop ${handle.id}`,
    });
  try {
    await files.ensureDir(outlet, { mode: CLOSED_DIR_MODE, uid: 0, gid: handle.uid });
    // Firecracker writes into a file that is there, cut to its size (its src/vmm: persist.rs, vstate/vm.rs).
    for (const path of [savedMemory, savedState])
      await files.createSparse(path, 0, { mode: SAVED_MODE, uid: handle.uid, gid: handle.uid });
    await api.send(saveRequest, { timeoutMs: TIMEOUT_MS });
    await takeOut(parts, { from: savedMemory, to: memoryPath, uid: handle.uid });
    await takeOut(parts, { from: savedState, to: statePath, uid: handle.uid });
    return {
      driver: DRIVER_NAME,
      vmm_version,
      acceleration: ACCELERATION,
      kind: "full",
      memory_path: memoryPath,
      state_path: statePath,
      memory_bytes: await sizeOf(parts, memoryPath),
    };
  } catch (error) {
    for (const path of [statePath, memoryPath]) await files.remove(path);
    throw error;
  } finally {
    await removeOutlet(parts, outlet);
  }
}

/** Never a whole tree of a live VMM's jail: what does not belong there stays, in root's hands, until the jail goes. */
async function removeOutlet({ ports: { files, raw } }: DriverParts, outlet: string): Promise<void> {
  if ((await files.stat(outlet))?.kind !== "directory") return;
  await files.chown(outlet, 0, 0);
  for (const name of [inside.savedState, inside.savedMemory].map((path) => basename(path))) {
    const found = await files.stat(join(outlet, name));
    if (found?.kind !== "directory") await files.remove(join(outlet, name));
  }
  if ((await files.list(outlet)).length === 0) await raw.removeDir(outlet);
}

async function sizeOf({ ports: { files } }: DriverParts, path: string): Promise<number> {
  const found = await files.stat(path);
  if (found === null) throw new MvmError("MVM_VM_DRIVER", { message: `${path} vanished as soon as it was saved` });
  return found.sizeBytes;
}

interface SavedFile {
  readonly from: string;
  readonly to: string;
  readonly uid: number;
}

/** A VMM that a guest broke out of may have put anything there: only a plain file of its own comes out. */
async function takeOut({ ports: { files } }: DriverParts, { from, to, uid }: SavedFile): Promise<void> {
  const found = await files.stat(from);
  if (found?.kind !== "file" || found.uid !== uid || found.links !== 1)
    throw new MvmError("MVM_VM_DRIVER", { message: `${from} is not the file that Firecracker was to write` });
  await files.chown(from, 0, 0);
  await files.chmod(from, SAVED_MODE);
  await files.rename(from, to);
}
