/**
 * One SQLite database: opening with the project's settings (WAL, synchronous=FULL, foreign keys),
 * migrations by `user_version`, transactions, and rows decoded from `unknown` by a schema.
 *
 * Used by the coordinator's store and by the agent's journal. Synchronous, as node:sqlite is.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import * as z from "zod";
import { MvmError } from "../../../errors/mvm-error.ts";

export type SqlParams = Readonly<Record<string, SQLInputValue>>;

export interface SqliteOptions {
  /** A file's path, or `:memory:`. */
  readonly path: string;
  /** Scripts that lead from version n to n + 1, never edited once released. */
  readonly migrations: readonly string[];
  /** Holds the database for this process alone until it is closed or the process dies. */
  readonly exclusive: boolean;
  /** How long to wait for another process's lock. */
  readonly busyTimeoutMs?: number;
}

/** An open database. Owned by whoever opened it and closed by nobody else. */
export class SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Runs `work` in one transaction that is durable when this returns; an error rolls it back whole. */
  transaction<Result>(work: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Runs several statements that return nothing. */
  script(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs one statement; returns the number of changed rows. */
  run(sql: string, params: SqlParams = {}): number {
    return Number(this.#statement(sql).run(params).changes);
  }

  /** The rows of a query, each decoded by `row`. */
  all<Row extends z.ZodType>(row: Row, sql: string, params: SqlParams = {}): z.output<Row>[] {
    return this.#statement(sql)
      .all(params)
      .map((found) => decodeRow(row, found, sql));
  }

  /** The first row of a query, or null. */
  one<Row extends z.ZodType>(row: Row, sql: string, params: SqlParams = {}): z.output<Row> | null {
    const found = this.#statement(sql).get(params);
    return found === undefined ? null : decodeRow(row, found, sql);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/**
 * Opens a database and brings its schema up to date.
 * @throws MvmError MVM_STORE_NEWER, MVM_STORE_FAILED; what another process holds fails with SQLite's own SQLITE_BUSY (`isBusy`)
 */
export function openSqlite(options: SqliteOptions): SqliteDatabase {
  // Nobody else may read it; SQLite gives its log and index the same mode.
  if (options.path !== ":memory:") closeSync(openSync(options.path, "a", 0o600));
  const raw = new DatabaseSync(options.path, {
    enableForeignKeyConstraints: true,
    timeout: options.busyTimeoutMs ?? 2000,
  });
  try {
    if (options.exclusive) raw.exec("PRAGMA locking_mode = EXCLUSIVE");
    raw.exec("PRAGMA journal_mode = WAL");
    raw.exec("PRAGMA synchronous = FULL");
    const database = new SqliteDatabase(raw);
    migrate(database, options);
    return database;
  } catch (error) {
    raw.close();
    throw error;
  }
}

/** Whether `error` says that another process holds the database. */
export function isBusy(error: unknown): boolean {
  return resultCodeOf(error) % PRIMARY_CODES === SQLITE_BUSY;
}

/** Whether `error` is a constraint or trigger that refused a row. */
export function isConstraint(error: unknown): boolean {
  return resultCodeOf(error) % PRIMARY_CODES === SQLITE_CONSTRAINT;
}

/** Whether `error` says that a unique key exists already. */
export function isDuplicate(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === SQLITE_CONSTRAINT_UNIQUE || code === SQLITE_CONSTRAINT_PRIMARYKEY;
}

/** A JSON text column that holds what `schema` takes. */
export function jsonColumn<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "not JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

// Result codes of https://www.sqlite.org/rescode.html; an extended code's low byte is its primary one.
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT = 19;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const PRIMARY_CODES = 256;
const SqliteError = z.object({ code: z.literal("ERR_SQLITE_ERROR"), errcode: z.int() });

/** SQLite's extended result code, or 0 when `error` is not one of SQLite's. */
function resultCodeOf(error: unknown): number {
  const parsed = SqliteError.safeParse(error);
  return parsed.success ? parsed.data.errcode : 0;
}

function migrate(database: SqliteDatabase, { path, migrations }: SqliteOptions): void {
  database.transaction(() => {
    const version = database.one(z.object({ user_version: z.int() }), "PRAGMA user_version")?.user_version ?? 0;
    if (version > migrations.length) {
      throw new MvmError("MVM_STORE_NEWER", {
        message: `${path} has schema version ${version}; this program knows versions up to ${migrations.length}`,
        details: { path, version, known: migrations.length },
      });
    }
    for (const script of migrations.slice(version)) database.script(script);
    if (version < migrations.length) database.script(`PRAGMA user_version = ${migrations.length}`);
  });
}

function decodeRow<Row extends z.ZodType>(row: Row, found: unknown, sql: string): z.output<Row> {
  const parsed = row.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new MvmError("MVM_STORE_FAILED", {
    message: `a row of '${sql}' can't be read: ${z.prettifyError(parsed.error)}`,
    cause: parsed.error,
  });
}
