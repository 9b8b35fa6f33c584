import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { firstBrokenEntry, InstanceId, isMvmError, TenantId, type AuditDraft } from "@mvm/core";
import { singlePoolSpec } from "@mvm/testing";
import { recordFor } from "../../lifecycle/fresh-record.ts";
import { viewsOf } from "../../plan/views.ts";
import type { InstanceRecord } from "../instance-record.ts";
import type { OperationRecord } from "../operation-record.ts";
import { openAgentDatabase } from "./agent-database.ts";
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
  return { instance_id: id, kind: "stop", direction: "forward", done: ["kill-vm"], order: null, reason };
}

describe("the agent's journal", () => {
  it("holds after a reopening what was written before", () => {
    const path = join(dir, "reopened.db");
    const first = sqliteJournal(openAgentDatabase(path));
    const record = recordOf(0, { uid: 200_000 });
    first.write({ record, operation: operationOf(record.instance_id), audit: draft(record.instance_id) });
    first.saveSpec(singlePoolSpec({}, 7));
    first.close();

    const second = sqliteJournal(openAgentDatabase(path));
    assert.deepEqual(second.records(), [record]);
    assert.deepEqual(second.operation(record.instance_id), operationOf(record.instance_id));
    assert.equal(second.spec()?.generation, 7);
    assert.equal(second.auditOf(record.instance_id, 10)[0]?.event, "instance.start");
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
    database.exec(`INSERT INTO spec VALUES (1, '{"schema_version":99}')`);
    assert.equal(sqliteJournal(database).spec(), null);
    database.exec(`INSERT INTO instances VALUES ('acme-vm-0', NULL, '{}')`);
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
    first.exec("PRAGMA user_version = 99");
    first.close();
    const { mtimeMs } = statSync(path);
    assert.throws(() => openAgentDatabase(path), /schema version 99/);
    assert.equal(statSync(path).mtimeMs, mtimeMs);
  });
});
