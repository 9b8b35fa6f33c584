import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { storeConformance } from "@mvm/testing";
import { isMvmError } from "../../../errors/mvm-error.ts";
import { NodeId } from "../../../ids.ts";
import { openSqliteStore } from "./sqlite-store.ts";

storeConformance("SQLite in memory", async () => {
  const store = openSqliteStore(":memory:");
  return { store, reopen: null, cleanUp: () => store.close() };
});

storeConformance("SQLite file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "mvm-store-"));
  const path = join(directory, "coordinator.db");
  let store = openSqliteStore(path);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = openSqliteStore(path);
      return store;
    },
    cleanUp: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

async function inDirectory(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-store-"));
  try {
    await body(join(directory, "coordinator.db"));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Tries to open the store at `path` in a process of its own; gives the error's code, or `opened`. */
function openElsewhere(path: string): string {
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    try { await openSqliteStore(${JSON.stringify(path)}).close(); console.log("opened"); }
    catch (error) { console.log(error.code); }`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }).stdout.trim();
}

test("a store that is open is refused to every other process, and free again when closed", async () => {
  await inDirectory(async (path) => {
    const store = openSqliteStore(path);
    assert.equal(openElsewhere(path), "MVM_COORDINATOR_ALREADY_RUNNING");
    await store.close();
    assert.equal(openElsewhere(path), "opened");
  });
});

test("nobody but the owner may read a store's files", async () => {
  await inDirectory(async (path) => {
    const store = openSqliteStore(path);
    await store.ensureNode(NodeId.parse("node-1"));
    const files = await readdir(dirname(path));
    assert.deepEqual(files, ["coordinator.db", "coordinator.db-wal"]);
    for (const file of files) assert.equal((await stat(join(dirname(path), file))).mode & 0o777, 0o600, file);
    await store.close();
  });
});

test("a store of a newer version, a damaged one and no database at all are refused by name", async () => {
  await inDirectory(async (path) => {
    await openSqliteStore(path).close();
    const raw = new DatabaseSync(path);
    raw.exec("UPDATE fleet SET fleet = '{'");
    raw.close();
    const damaged = openSqliteStore(path);
    await assert.rejects(damaged.readFleet(), (error) => isMvmError(error, "MVM_STORE_FAILED"));
    await damaged.close();

    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    assert.throws(
      () => openSqliteStore(path),
      (error) => isMvmError(error, "MVM_STORE_NEWER"),
    );
    assert.throws(
      () => openSqliteStore(join(path, "below-a-file")),
      (error) => isMvmError(error, "MVM_STORE_FAILED"),
    );
  });
});

test("the database itself refuses to edit or remove an audit entry", async () => {
  await inDirectory(async (path) => {
    await openSqliteStore(path).close();
    const raw = new DatabaseSync(path);
    raw.exec("INSERT INTO audit VALUES (1, 'coordinator', '', 1, 0, NULL, 'manual', 'hash', '{}')");
    assert.throws(() => raw.exec("UPDATE audit SET entry = '{\"a\":1}'"), /append-only/);
    assert.throws(() => raw.exec("DELETE FROM audit"), /append-only/);
    assert.throws(
      () => raw.exec("INSERT OR REPLACE INTO audit VALUES (1, 'coordinator', '', 2, 0, NULL, 'manual', 'x', '{}')"),
      /append-only/,
    );
    const outOfSequence = "INSERT INTO audit VALUES (5, 'coordinator', '', 3, 0, NULL, 'manual', 'x', '{}')";
    assert.throws(() => raw.exec(outOfSequence), /append-only/);
    raw.exec(outOfSequence.replace("3, 0", "2, 0"));
    raw.close();
  });
});
