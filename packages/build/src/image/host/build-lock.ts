/**
 * One image build at a time on a machine. A host adapter: the lock is SQLite's exclusive lock on a
 * file, which the kernel drops with the process, so a build that was killed bars nobody.
 */
import { DatabaseSync } from "node:sqlite";
import { isBusy, type Clock } from "@mvm/core";
import type { BuildLock } from "../build-ports.ts";

const RETRY_MS = 250;

export function createBuildLock(clock: Clock): BuildLock {
  return {
    async hold(path, { onWait, signal }) {
      const database = new DatabaseSync(path, { timeout: 0 });
      try {
        while (!lockNow(database)) {
          onWait();
          await clock.sleep(RETRY_MS, signal);
        }
      } catch (cause) {
        database.close();
        throw cause;
      }
      return { release: () => database.close() };
    },
  };
}

/** False when another process holds it. */
function lockNow(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}
