/**
 * Directories of the quickstart alone: marked when they are made, and only a marked one is ever
 * removed, whatever the config was edited to.
 */
import { join } from "node:path";
import { type Files, MvmError } from "@mvm/core";

const MARK = ".made-by-mvm-quickstart";
/** VMs' users pass through; nobody but root lists it. */
const MODE = 0o711;

export async function isOwn(files: Files, dir: string): Promise<boolean> {
  return (await files.stat(join(dir, MARK))) !== null;
}

/**
 * Makes the directory, or finds it made by an earlier run.
 * @throws MvmError MVM_CONFIG_EXISTS when it holds anything that is not the quickstart's
 */
export async function claimDirectory(files: Files, dir: string): Promise<void> {
  if (await isOwn(files, dir)) return;
  if ((await files.list(dir)).length > 0) {
    throw new MvmError("MVM_CONFIG_EXISTS", {
      message: `the directory ${dir} holds files that are not the quickstart's`,
      remedy: "Name another one in the quickstart's mvm.toml: --down will remove it with all that is in it.",
      details: { directory: dir },
    });
  }
  await files.ensureDir(dir, { mode: MODE });
  await files.writeAtomic(join(dir, MARK), "");
}

/** Removes the directory with its contents if it is marked. */
export async function removeOwn(files: Files, dir: string): Promise<void> {
  if (await isOwn(files, dir)) await files.remove(dir);
}
