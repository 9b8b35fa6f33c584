/**
 * Saves a paused VM: Firecracker writes into a directory that it gets in its jail for as long as that
 * takes, and what it wrote is moved out. Called by the driver. The VM stays paused.
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
  // Of a save that was cut short.
  await removeOutlet(parts, outlet);
  await files.ensureDir(outlet, { mode: 0o700, uid: handle.uid, gid: handle.uid });
  const statePath = join(dir, basename(inside.savedState));
  const memoryPath = join(dir, basename(inside.savedMemory));
  try {
    await api.send(saveRequest, { timeoutMs: TIMEOUT_MS });
    await files.chown(outlet, 0, 0);
    await takeOut(parts, { from: join(paths.root, inside.savedMemory), to: memoryPath, uid: handle.uid });
    await takeOut(parts, { from: join(paths.root, inside.savedState), to: statePath, uid: handle.uid });
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

/**
 * Never a whole tree: it is a live VMM's, which could move what is below it while it is walked through. What
 * Firecracker does not write there stays, in root's hands, until the jail goes with its VM.
 */
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
