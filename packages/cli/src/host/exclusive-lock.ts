/**
 * A lock that ends with its process. A host adapter: SQLite's exclusive lock on a file, which the
 * kernel drops with the process, so that a killed command bars nobody.
 */
import { DatabaseSync } from "node:sqlite";
import { isBusy } from "@mvm/core";

export interface ExclusiveLock {
  release(): void;
}

/** @param path the file, created when missing; @returns null when another process holds it */
export function takeExclusiveLock(path: string): ExclusiveLock | null {
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
