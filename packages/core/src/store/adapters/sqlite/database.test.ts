import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { isMvmError } from "../../../errors/mvm-error.ts";
import { jsonColumn, openSqlite, type SqliteDatabase } from "./database.ts";

const migrations = ["CREATE TABLE things (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT"];
const thing = z.object({ name: z.string(), body: jsonColumn(z.object({ n: z.int() })) });

async function withFile(body: (open: (scripts: readonly string[]) => SqliteDatabase) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-sqlite-"));
  try {
    body((scripts) => openSqlite({ path: join(directory, "test.db"), migrations: scripts, exclusive: true }));
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a database is opened with a write-ahead log, full synchronisation and foreign keys", async () => {
  await withFile((open) => {
    const database = open(migrations);
    const pragma = (name: string): unknown =>
      Object.values(database.one(z.record(z.string(), z.unknown()), `PRAGMA ${name}`) ?? {})[0];
    assert.deepEqual(["journal_mode", "synchronous", "foreign_keys", "locking_mode"].map(pragma), [
      "wal",
      2,
      1,
      "exclusive",
    ]);
    database.close();
  });
});

test("migrations run once each, in order, and keep what is there", async () => {
  await withFile((open) => {
    const first = open(migrations);
    first.run("INSERT INTO things VALUES ('a', '{\"n\":1}')");
    first.close();
    const second = open([...migrations, "ALTER TABLE things ADD COLUMN extra TEXT NOT NULL DEFAULT 'new'"]);
    assert.deepEqual(second.all(thing.extend({ extra: z.string() }), "SELECT * FROM things"), [
      { name: "a", body: { n: 1 }, extra: "new" },
    ]);
    second.close();
    assert.throws(
      () => open(migrations),
      (error) => isMvmError(error, "MVM_STORE_NEWER"),
    );
  });
});

test("a migration that fails leaves the database as it was", async () => {
  await withFile((open) => {
    open(migrations).close();
    assert.throws(() => open([...migrations, "CREATE TABLE other (x); CREATE TABLE broken ("]));
    const database = open(migrations);
    assert.equal(
      database.one(z.object({ n: z.int() }), "SELECT count(*) AS n FROM sqlite_schema WHERE name = 'other'")?.n,
      0,
    );
    database.close();
  });
});

test("a transaction that throws leaves nothing behind", async () => {
  await withFile((open) => {
    const database = open(migrations);
    assert.throws(
      () =>
        database.transaction(() => {
          database.run("INSERT INTO things VALUES ('a', '{\"n\":1}')");
          throw new Error("stop");
        }),
      /stop/,
    );
    assert.equal(database.one(thing, "SELECT * FROM things"), null);
    database.close();
  });
});

test("a row that breaks its schema is an error that names the query", async () => {
  await withFile((open) => {
    const database = open(migrations);
    database.run("INSERT INTO things VALUES ('a', 'not json')");
    assert.throws(
      () => database.all(thing, "SELECT * FROM things"),
      (error) => isMvmError(error, "MVM_STORE_FAILED") && error.message.includes("SELECT * FROM things"),
    );
    database.close();
  });
});
