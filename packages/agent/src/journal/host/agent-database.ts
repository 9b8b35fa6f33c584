/**
 * Opens the agent's database and holds it alone for as long as this process lives.
 *
 * The lock is SQLite's own exclusive lock on the file: the kernel drops it with the process, so no
 * stale lock can bar the next agent. Nothing else in this process may open the file.
 */
import { isBusy, isMvmError, messageOf, MvmError, openSqlite, type SqliteDatabase } from "@mvm/core";
import { journalMigrations } from "./journal-schema.ts";

/**
 * @param path the file, created when missing; `:memory:` for a database that ends with the process
 * @throws MvmError MVM_AGENT_ALREADY_RUNNING, MVM_STORE_NEWER, MVM_STORE_FAILED
 */
export function openAgentDatabase(path: string): SqliteDatabase {
  try {
    return openSqlite({ path, migrations: journalMigrations, exclusive: true, busyTimeoutMs: 0 });
  } catch (cause) {
    if (isMvmError(cause)) throw cause;
    if (isBusy(cause)) {
      throw new MvmError("MVM_AGENT_ALREADY_RUNNING", {
        message: `another agent holds ${path}`,
        cause,
        details: { path },
      });
    }
    throw new MvmError("MVM_STORE_FAILED", {
      message: `can't open the agent's database ${path}: ${messageOf(cause)}`,
      cause,
      details: { path },
    });
  }
}
