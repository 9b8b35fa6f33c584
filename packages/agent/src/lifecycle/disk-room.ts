/**
 * Whether the host's disk can take what an instance may come to fill: its data volume and its guest
 * memory are sparse files. A disk that runs full stops a VM in the middle of a write, so a start that
 * could bring that about is refused. Looks only; called before a start.
 *
 * What other instances have not filled yet is not counted: volumes may be promised more than there is.
 */
import { MvmError, type Files } from "@mvm/core";
import type { StartOrder } from "../journal/operation-record.ts";
import type { InstancePaths } from "../node-paths.ts";
import { hasDataDrive } from "./data-drive.ts";

const MIB = 1024 * 1024;
/** Left for the journal, config drives and the volume's header. */
const MARGIN_MIB = 256;

export interface DiskCheck {
  readonly order: StartOrder;
  readonly paths: InstancePaths;
  /** A directory that is there, on the disk that instances lie on. */
  readonly diskDir: string;
}

/** @throws MvmError MVM_HOST_DISK_FULL saying how much is missing */
export async function expectDiskRoom(
  { order, paths, diskDir }: DiskCheck,
  files: Pick<Files, "stat" | "freeBytes">,
): Promise<void> {
  const { data_mib: dataMib, mem_mib: memMib } = order.pool.resources;
  const volume = hasDataDrive({ order }) ? await files.stat(paths.volume) : null;
  const promisedMib = hasDataDrive({ order }) ? dataMib : 0;
  const filledMib = Math.floor((volume?.allocatedBytes ?? 0) / MIB);
  const neededMib = Math.max(0, promisedMib - filledMib) + memMib + MARGIN_MIB;
  const freeMib = Math.floor((await files.freeBytes(diskDir)) / MIB);
  if (neededMib <= freeMib) return;
  throw new MvmError("MVM_HOST_DISK_FULL", {
    message: `${order.instance.instance_id} may come to fill ${neededMib} MiB of the disk of ${diskDir}, which has ${freeMib} MiB free: ${neededMib - freeMib} MiB are missing`,
    details: { needed_mib: neededMib, free_mib: freeMib, missing_mib: neededMib - freeMib, path: diskDir },
  });
}
