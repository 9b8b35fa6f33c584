/**
 * Saves a paused VM: Firecracker writes into a directory that it gets in its jail for as long as that
 * takes, and what it wrote is moved out. Called by the driver. The VM stays paused.
 */
import { basename, dirname, join } from "node:path";
import { MvmError } from "@mvm/core";
import type { VmHandle, VmSnapshot } from "../driver.ts";
import { saveRequest } from "./api-requests.ts";
import { DRIVER_NAME, type DriverParts } from "./driver-parts.ts";
import { inside, jailPaths } from "./jail-paths.ts";
import { apiOf } from "./run-state.ts";

/** All of the guest's memory goes to disk: a slow one writes 32 MiB a second. */
const TIMEOUT_MS = 600_000;
const SAVED_MODE = 0o600;

/** @throws MvmError MVM_VM_DRIVER, with the directory as empty as it was */
export async function saveVm(parts: DriverParts, handle: VmHandle, dir: string): Promise<VmSnapshot> {
  const { ports, jailsDir } = parts;
  const { files } = ports;
  const paths = jailPaths(jailsDir, handle.id);
  const api = apiOf(parts, handle);
  const { state, vmm_version } = await api.info();
  if (state !== "Paused")
    throw new MvmError("MVM_VM_DRIVER", { message: `${handle.id} is not paused, so that it can't be saved` });
  const outlet = join(paths.root, dirname(inside.savedState));
  await files.remove(outlet);
  await files.ensureDir(outlet, { mode: 0o700, uid: handle.uid, gid: handle.uid });
  const [statePath, memoryPath] = [inside.savedState, inside.savedMemory].map((path) => join(dir, basename(path)));
  try {
    await api.send(saveRequest, { timeoutMs: TIMEOUT_MS });
    await files.chown(outlet, 0, 0);
    if (statePath === undefined || memoryPath === undefined)
      throw new MvmError("MVM_INTERNAL", { message: "no paths" });
    await takeOut(parts, { from: join(paths.root, inside.savedMemory), to: memoryPath, uid: handle.uid });
    await takeOut(parts, { from: join(paths.root, inside.savedState), to: statePath, uid: handle.uid });
    return {
      driver: DRIVER_NAME,
      vmm_version,
      acceleration: "kvm",
      kind: "full",
      memory_path: memoryPath,
      state_path: statePath,
      memory_bytes: (await files.stat(memoryPath))?.sizeBytes ?? 0,
    };
  } catch (error) {
    for (const path of [statePath, memoryPath]) if (path !== undefined) await files.remove(path);
    throw error;
  } finally {
    await files.remove(outlet);
  }
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
