/**
 * Directories of the quickstart alone: marked when they are made, and only a marked one is ever
 * removed, whatever the config was edited to.
 */
import { join } from "node:path";
import { type Files, MvmError } from "@mvm/core";

const MARK = ".made-by-mvm-quickstart";
/** The lock of a command at work and what it says of itself: there before the mark, and removed after it. */
export const LOCK_FILE = "quickstart.lock";
export const HOLDER_FILE = "quickstart.holder.json";
/** SQLite makes the journal beside its lock. */
export const UNMARKED_FILES: readonly string[] = [LOCK_FILE, `${LOCK_FILE}-journal`, HOLDER_FILE];
const MAX_MARK_BYTES = 64 * 1024;
/** VMs' users pass through; nobody but root lists it. */
export const OWN_DIRECTORY_MODE = 0o711;

export async function isOwn(files: Files, dir: string): Promise<boolean> {
  return (await files.stat(join(dir, MARK))) !== null;
}

/** What was written into the mark; null without a mark. */
export async function readMark(files: Files, dir: string): Promise<string | null> {
  return (await files.read(join(dir, MARK), MAX_MARK_BYTES))?.toString("utf8") ?? null;
}

/** @throws MvmError MVM_CONFIG_EXISTS when it holds anything that is not the quickstart's */
export async function requireOwnOrEmpty(files: Files, dir: string): Promise<void> {
  if (await isOwn(files, dir)) return;
  if ((await files.list(dir)).every((name) => UNMARKED_FILES.includes(name))) return;
  throw new MvmError("MVM_CONFIG_EXISTS", {
    message: `the directory ${dir} holds files that are not the quickstart's`,
    remedy:
      "Move them elsewhere, or name another directory in the quickstart's mvm.toml: --down will remove it with all that is in it.",
    details: { directory: dir },
  });
}

/**
 * Makes the directory, or finds it made by an earlier run; the mark then holds that text.
 * @throws MvmError MVM_CONFIG_EXISTS when it holds anything that is not the quickstart's
 */
export async function claimDirectory(files: Files, dir: string, mark: string): Promise<void> {
  await requireOwnOrEmpty(files, dir);
  if ((await readMark(files, dir)) === mark) return;
  await files.ensureDir(dir, { mode: OWN_DIRECTORY_MODE });
  await files.writeAtomic(join(dir, MARK), mark);
}

/** Removes the directory with its contents if it is marked; a removal that was cut can be run again. */
export async function removeOwn(files: Files, dir: string): Promise<void> {
  if (!(await isOwn(files, dir))) return;
  for (const name of await files.list(dir))
    if (name !== MARK && !UNMARKED_FILES.includes(name)) await files.remove(join(dir, name));
  await files.remove(join(dir, MARK));
  await files.remove(dir);
}
