/**
 * A lock that ends with its process. A host adapter: SQLite's exclusive lock on a file, which the
 * kernel drops with the process, so that whoever was killed bars nobody.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isBusy } from "../store/adapters/sqlite/database.ts";

export interface ExclusiveLock {
  /** The file stays: another process may have opened it already. */
  release(): void;
}

/** @param path the file, created when missing; @returns null when another holds it */
export function takeExclusiveLock(path: string): ExclusiveLock | null {
  // Whoever can read the file could hold it against its owner.
  closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
}
