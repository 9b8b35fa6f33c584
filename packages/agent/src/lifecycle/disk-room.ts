/**
 * Whether the host's disk can take what an instance may come to fill: its data volume and its guest
 * memory are sparse files. A disk that runs full stops a VM in the middle of a write, so a start or a growth
 * that could bring that about is refused. Looks only; called before either.
 *
 * What other instances have not filled yet is not counted: volumes may be promised more than there is.
 */
import { MvmError, type Files, type InstanceId } from "@mvm/core";

const MIB = 1024 * 1024;
/** Left for the journal, config drives and the volume's header. */
const MARGIN_MIB = 256;

export interface DiskCheck {
  readonly instance: InstanceId;
  /** Its data volume, and what that is to hold; 0: it has none. */
  readonly volumePath: string;
  readonly dataMib: number;
  /** Guest memory that is still to be given a file. */
  readonly memMib: number;
  /** A directory that is there, on the disk that instances lie on. */
  readonly diskDir: string;
}

/** @throws MvmError MVM_HOST_DISK_FULL saying how much is missing */
export async function expectDiskRoom(
  { instance, volumePath, dataMib, memMib, diskDir }: DiskCheck,
  files: Pick<Files, "stat" | "freeBytes">,
): Promise<void> {
  const volume = dataMib === 0 ? null : await files.stat(volumePath);
  const filledMib = Math.floor((volume?.allocatedBytes ?? 0) / MIB);
  const neededMib = Math.max(0, dataMib - filledMib) + memMib + MARGIN_MIB;
  const freeMib = Math.floor((await files.freeBytes(diskDir)) / MIB);
  if (neededMib <= freeMib) return;
  throw new MvmError("MVM_HOST_DISK_FULL", {
    message: `${instance} may come to fill ${neededMib} MiB of the disk of ${diskDir}, which has ${freeMib} MiB free: ${neededMib - freeMib} MiB are missing`,
    details: { needed_mib: neededMib, free_mib: freeMib, missing_mib: neededMib - freeMib, path: diskDir },
  });
}
