/**
 * One image build at a time on a machine. A host adapter: the lock is SQLite's exclusive lock on a
 * file, which the kernel drops with the process, so a build that was killed bars nobody.
 */
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@mvm/core";
import type { BuildLock } from "../build-ports.ts";

const SQLITE_BUSY = 5;
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
    // Extended codes of BUSY share its lower byte.
    if (error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY) return false;
    throw error;
  }
}
