import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { firstBrokenEntry, InstanceId, isMvmError, TenantId, type AuditDraft, type AuditEntry } from "@mvm/core";
import { singlePoolSpec } from "@mvm/testing";
import * as z from "zod";
import { recordFor } from "../../lifecycle/fresh-record.ts";
import { viewsOf } from "../../plan/views.ts";
import type { InstanceRecord } from "../instance-record.ts";
import type { Journal } from "../journal.ts";
import type { OperationRecord } from "../operation-record.ts";
import { openAgentDatabase } from "./agent-database.ts";
import { journalMigrations } from "./journal-schema.ts";
import { sqliteJournal } from "./sqlite-journal.ts";

const ACME = TenantId.parse("acme");
const dir = mkdtempSync(join(tmpdir(), "mvm-journal-"));
after(() => rmSync(dir, { recursive: true }));

function recordOf(number: number, change: Partial<InstanceRecord> = {}): InstanceRecord {
  const [view] = viewsOf(singlePoolSpec(), { instances: new Map(), networks: new Map() });
  assert.ok(view);
  const record = recordFor(view, null, { now: "2026-01-01T00:00:00Z", generation: 1, config_hash: "config-1" });
  return { ...record, instance_id: InstanceId.parse(`acme-vm-${number}`), ...change };
}

function draft(id: InstanceId | null, event = "instance.start"): AuditDraft {
  const facts = {
    from: "stopped",
    to: "starting",
    cause: "reconcile",
    claimed_by: null,
    config_hash: "config-1",
    revision: null,
    generation: 1,
    detail: "",
  } as const;
  return {
    at: "2026-01-01T00:00:00Z",
    writer: "node-1",
    tenant_id: id === null ? null : ACME,
    instance_id: id,
    event,
    ...facts,
  };
}

function operationOf(id: InstanceId): OperationRecord {
  const reason = {
    cause: "reconcile",
    claimed_by: null,
    text: "counts",
    generation: 1,
    config_hash: "config-1",
  } as const;
  return {
    instance_id: id,
    kind: "stop",
    direction: "forward",
    done: ["kill-vm"],
    order: null,
    data_mib: null,
    reason,
  };
}

describe("the agent's journal", () => {
  it("holds after a reopening what was written before", () => {
    const path = join(dir, "reopened.db");
    const first = sqliteJournal(openAgentDatabase(path));
    const record = recordOf(0, { uid: 200_000 });
    first.write({ record, operation: operationOf(record.instance_id), audit: draft(record.instance_id) });
    first.saveSpec(singlePoolSpec({}, 7), "2026-01-01T00:00:00Z");
    first.close();

    const second = sqliteJournal(openAgentDatabase(path));
    assert.deepEqual(second.records(), [record]);
    assert.deepEqual(second.operation(record.instance_id), operationOf(record.instance_id));
    assert.equal(second.spec()?.generation, 7);
    assert.equal(second.auditOf(record.instance_id, 10)[0]?.event, "instance.start");
    second.close();
  });

  it("tells since when an instance is known, also after a reopening, until it leaves the spec", () => {
    const path = join(dir, "seen.db");
    const [volume] = singlePoolSpec().tenants.flatMap(({ pools }) => pools[0]?.instances[0]?.volume_uuid ?? []);
    assert.ok(volume);
    const first = sqliteJournal(openAgentDatabase(path));
    assert.equal(first.firstSeen(volume), null);
    first.saveSpec(singlePoolSpec(), "2026-01-01T00:00:00Z");
    first.close();

    const second = sqliteJournal(openAgentDatabase(path));
    second.saveSpec(singlePoolSpec({}, 2), "2026-01-01T01:00:00Z");
    assert.equal(second.firstSeen(volume), "2026-01-01T00:00:00Z");
    second.saveSpec({ ...singlePoolSpec({}, 3), tenants: [] }, "2026-01-01T02:00:00Z");
    assert.equal(second.firstSeen(volume), null);
    second.saveSpec(singlePoolSpec({}, 4), "2026-01-01T03:00:00Z");
    assert.equal(second.firstSeen(volume), "2026-01-01T03:00:00Z");
    second.close();
  });

  it("writes record, operation and audit entry together or not at all", () => {
    const journal = sqliteJournal(openAgentDatabase(":memory:"));
    const first = recordOf(0, { uid: 200_000 });
    journal.write({ record: first, operation: null, audit: draft(first.instance_id) });
    const second = recordOf(1, { uid: 200_000 });
    const write = (): void =>
      journal.write({ record: second, operation: operationOf(second.instance_id), audit: draft(second.instance_id) });
    assert.throws(write, (error) => isMvmError(error, "MVM_STORE_FAILED"), "two instances can't hold one uid");
    assert.deepEqual(journal.records(), [first]);
    assert.equal(journal.operation(second.instance_id), null);
    assert.deepEqual(journal.auditOf(second.instance_id, 10), []);
  });

  it("chains each tenant's entries by themselves, and the node's own apart", () => {
    const journal = sqliteJournal(openAgentDatabase(":memory:"));
    for (const number of [0, 1, 2])
      journal.write({ record: recordOf(number), operation: null, audit: draft(InstanceId.parse(`acme-vm-${number}`)) });
    journal.append(draft(null, "node.drain"));
    assert.deepEqual(journal.auditChains(), [
      { tenant_id: null, newest: 1, acknowledged: 0 },
      { tenant_id: "acme", newest: 3, acknowledged: 0 },
    ]);
    assert.equal(firstBrokenEntry(journal.auditAfter(ACME, 0, 10)), null);
    journal.acknowledge(ACME, 2);
    assert.deepEqual(
      journal.auditAfter(ACME, 2, 10).map(({ sequence }) => sequence),
      [3],
    );
    assert.equal(journal.auditChains()[1]?.acknowledged, 2);
  });

  it("drops what the coordinator holds, and goes on with the chain after that and after a reopening", () => {
    const path = join(dir, "trimmed.db");
    const first = sqliteJournal(openAgentDatabase(path), { keptEntries: 2 });
    const id = InstanceId.parse("acme-vm-0");
    const told: AuditEntry[] = [];
    const tell = (journal: Journal, entries: number): void => {
      for (let count = 0; count < entries; count += 1) journal.append(draft(id));
      journal.append(draft(null, "node.drain"));
      told.push(...journal.auditAfter(ACME, told.length, 1000));
    };
    tell(first, 10);
    first.acknowledge(ACME, 7);
    assert.deepEqual(
      first.auditAfter(ACME, 0, 1000).map(({ sequence }) => sequence),
      [6, 7, 8, 9, 10],
      "two that the coordinator holds are kept, and all that it does not hold",
    );
    assert.equal(first.auditAfter(null, 0, 10).length, 1, "another chain keeps what nobody holds");
    // A coordinator that claims more than was ever told takes nothing away that the next entry needs.
    first.acknowledge(ACME, 1_000);
    assert.equal(first.auditChains()[1]?.newest, 10);
    first.acknowledge(ACME, 10);
    first.close();

    const second = sqliteJournal(openAgentDatabase(path), { keptEntries: 2 });
    assert.deepEqual(second.auditChains()[1], { tenant_id: "acme", newest: 10, acknowledged: 10 });
    tell(second, 3);
    assert.equal(told.length, 13);
    assert.equal(firstBrokenEntry(told), null, "what was delivered is one chain");
    assert.deepEqual(second.auditChains()[1], { tenant_id: "acme", newest: 13, acknowledged: 10 });
    second.close();
  });

  it("forgets an instance and keeps its story", () => {
    const journal = sqliteJournal(openAgentDatabase(":memory:"));
    const record = recordOf(0);
    journal.write({ record, operation: null, audit: draft(record.instance_id) });
    journal.forget(record.instance_id);
    assert.deepEqual(journal.records(), []);
    assert.equal(journal.auditOf(record.instance_id, 10).length, 1);
  });

  it("goes without a cached spec that it can't read, but not without a record", () => {
    const database = openAgentDatabase(":memory:");
    database.script(`INSERT INTO spec (id, document) VALUES (1, '{"schema_version":99}')`);
    assert.equal(sqliteJournal(database).spec(), null);
    database.script(`INSERT INTO instances VALUES ('acme-vm-0', NULL, '{}')`);
    assert.throws(
      () => sqliteJournal(database),
      (error) => isMvmError(error, "MVM_STORE_FAILED"),
    );
  });
});

describe("the agent's database", () => {
  it("is one agent's alone, until that one closes it or dies", () => {
    const path = join(dir, "alone.db");
    const first = openAgentDatabase(path);
    assert.throws(
      () => openAgentDatabase(path),
      (error) => isMvmError(error, "MVM_AGENT_ALREADY_RUNNING"),
    );
    first.close();
    openAgentDatabase(path).close();
  });

  it("says so when it is of a newer version, and leaves it as it is", () => {
    const path = join(dir, "newer.db");
    const first = openAgentDatabase(path);
    first.script("PRAGMA user_version = 99");
    first.close();
    const { mtimeMs } = statSync(path);
    assert.throws(
      () => openAgentDatabase(path),
      (error) => isMvmError(error, "MVM_STORE_NEWER") && error.message.includes("schema version 99"),
    );
    assert.equal(statSync(path).mtimeMs, mtimeMs);
  });

  it("brings one of an earlier version up to date and keeps what is there", () => {
    const path = join(dir, "older.db");
    const raw = new DatabaseSync(path);
    raw.exec(`${journalMigrations[0]}; PRAGMA user_version = 1`);
    raw.exec("INSERT INTO audit_acknowledged VALUES ('acme', 3)");
    raw.close();
    const database = openAgentDatabase(path);
    assert.equal(database.one(z.object({ sequence: z.int() }), "SELECT sequence FROM audit_acknowledged")?.sequence, 3);
    database.close();
  });

  it("refuses to edit an audit entry, to put one out of turn, and to remove what was not delivered", () => {
    const database = openAgentDatabase(":memory:");
    const insert = (sequence: number): void =>
      database.script(`INSERT INTO audit VALUES ('acme', ${sequence}, NULL, 'hash', '{}')`);
    for (const sequence of [1, 2, 3]) insert(sequence);
    for (const sequence of [3, 5]) assert.throws(() => insert(sequence), /append-only/);
    assert.throws(
      () => database.script("INSERT OR REPLACE INTO audit VALUES ('acme', 2, NULL, 'x', '{}')"),
      /append-only/,
    );
    assert.throws(() => database.script("UPDATE audit SET entry = '{\"a\":1}'"), /append-only/);
    assert.throws(() => database.script("DELETE FROM audit WHERE sequence = 1"), /only when the coordinator has it/);
    database.script("INSERT INTO audit_acknowledged VALUES ('acme', 3)");
    database.script("DELETE FROM audit WHERE sequence < 3");
    assert.throws(() => database.script("DELETE FROM audit"), /only when the coordinator has it/);
    insert(4);
    database.close();
  });
});
