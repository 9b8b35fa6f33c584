/**
 * Opens the agent's database and holds it alone for as long as this process lives.
 *
 * The lock is SQLite's own exclusive lock on the file: the kernel drops it with the process, so no
 * stale lock can bar the next agent. Nothing else in this process may open the file.
 */
import { DatabaseSync } from "node:sqlite";
import { MvmError } from "@mvm/core";

const SQLITE_BUSY = 5;
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    uid INTEGER UNIQUE,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE operations (
    instance_id TEXT PRIMARY KEY REFERENCES instances,
    operation TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    chain TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    instance_id TEXT,
    hash TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (chain, sequence)
  ) STRICT;
  CREATE INDEX audit_by_instance ON audit (instance_id) WHERE instance_id IS NOT NULL;

  CREATE TABLE audit_acknowledged (
    chain TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE spec (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL
  ) STRICT;
`;

/**
 * @param path the file, created when missing; `:memory:` for a database that ends with the process
 * @throws MvmError MVM_AGENT_ALREADY_RUNNING, MVM_STORE_FAILED
 */
export function openAgentDatabase(path: string): DatabaseSync {
  const database = open(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    database.exec("BEGIN EXCLUSIVE");
    migrate(database, path);
    database.exec("COMMIT");
    return database;
  } catch (cause) {
    database.close();
    throw cause instanceof MvmError ? cause : failedToOpen(path, cause);
  }
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw failedToOpen(path, cause);
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new MvmError("MVM_STORE_FAILED", {
      message: `${path} has schema version ${String(version)}, this agent knows ${SCHEMA_VERSION}`,
      remedy: "Run the version of mvm that wrote it, or a newer one.",
    });
  }
  database.exec(SCHEMA);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function failedToOpen(path: string, cause: unknown): MvmError {
  if (cause instanceof Error && "errcode" in cause && (Number(cause.errcode) & 0xff) === SQLITE_BUSY) {
    return new MvmError("MVM_AGENT_ALREADY_RUNNING", {
      message: `another agent holds ${path}`,
      cause,
      details: { path },
    });
  }
  return new MvmError("MVM_STORE_FAILED", {
    message: `can't open the agent's database ${path}`,
    cause,
    details: { path },
  });
}
