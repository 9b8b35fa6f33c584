/**
 * The journal over SQLite. A host adapter; the database is held by this process alone, so records
 * are read once at opening and from memory afterwards.
 */
import type { DatabaseSync } from "node:sqlite";
import { AuditEntry, chainEntry, isMvmError, MvmError, NodeSpec, TenantId, type AuditDraft } from "@mvm/core";
import * as z from "zod";
import { InstanceRecord } from "../instance-record.ts";
import type { Journal } from "../journal.ts";
import { OperationRecord } from "../operation-record.ts";

const Text = z.object({ text: z.string() });
const Head = z.object({ sequence: z.int(), hash: z.string() });
const Chain = z.object({ chain: z.string(), newest: z.int(), acknowledged: z.int() });

/** @param database as `openAgentDatabase` opened it; the journal closes it */
export function sqliteJournal(database: DatabaseSync): Journal {
  const sql = statements(database);
  const records = new Map(decodeAll(sql.records.all(), InstanceRecord).map((record) => [record.instance_id, record]));
  const operations = new Map(
    decodeAll(sql.operations.all(), OperationRecord).map((operation) => [operation.instance_id, operation]),
  );
  let spec = decodeSpec(sql.spec.get());

  /** All or nothing, durable at return. The maps above change only after it. */
  function transaction(what: string, work: () => void): void {
    try {
      database.exec("BEGIN IMMEDIATE");
      work();
      database.exec("COMMIT");
    } catch (cause) {
      if (database.isTransaction) database.exec("ROLLBACK");
      if (isMvmError(cause)) throw cause;
      throw new MvmError("MVM_STORE_FAILED", {
        message: `can't write ${what} to the agent's database`,
        cause,
        retry: "backoff",
      });
    }
  }

  function append(draft: AuditDraft): void {
    const chain = chainName(draft.tenant_id);
    const head = sql.head.get(chain);
    const entry = chainEntry(draft, head === undefined ? null : Head.parse(head));
    sql.addEntry.run(chain, entry.sequence, entry.instance_id, entry.hash, JSON.stringify(entry));
  }

  return {
    record: (id) => records.get(id) ?? null,
    records: () => [...records.values()].sort((a, b) => (a.instance_id < b.instance_id ? -1 : 1)),
    operation: (id) => operations.get(id) ?? null,

    write({ record, operation, audit }) {
      const id = record.instance_id;
      transaction(id, () => {
        sql.putRecord.run(id, record.uid, JSON.stringify(record));
        if (operation === null) sql.dropOperation.run(id);
        else sql.putOperation.run(id, JSON.stringify(operation));
        if (audit !== null) append(audit);
      });
      records.set(id, record);
      if (operation === null) operations.delete(id);
      else operations.set(id, operation);
    },
    forget(id) {
      transaction(id, () => {
        sql.dropOperation.run(id);
        sql.dropRecord.run(id);
      });
      records.delete(id);
      operations.delete(id);
    },

    append: (draft) => transaction(draft.event, () => append(draft)),
    auditChains: () =>
      sql.chains.all().map((row) => {
        const { chain, newest, acknowledged } = Chain.parse(row);
        return { tenant_id: chain === "" ? null : TenantId.parse(chain), newest, acknowledged };
      }),
    auditAfter: (tenant, after, limit) => decodeAll(sql.entriesAfter.all(chainName(tenant), after, limit), AuditEntry),
    auditOf: (id, limit) => decodeAll(sql.entriesOf.all(id, limit), AuditEntry),
    acknowledge: (tenant, sequence) =>
      transaction("an acknowledgement", () => sql.acknowledge.run(chainName(tenant), sequence)),

    spec: () => spec,
    saveSpec(next) {
      transaction("the spec", () => sql.putSpec.run(JSON.stringify(next)));
      spec = next;
    },
    close: () => database.close(),
  };
}

function statements(database: DatabaseSync) {
  const prepare = (text: string) => database.prepare(text);
  return {
    records: prepare("SELECT record AS text FROM instances"),
    operations: prepare("SELECT operation AS text FROM operations"),
    putRecord: prepare(
      "INSERT INTO instances VALUES (?, ?, ?) ON CONFLICT (instance_id) DO UPDATE SET uid = excluded.uid, record = excluded.record",
    ),
    dropRecord: prepare("DELETE FROM instances WHERE instance_id = ?"),
    putOperation: prepare(
      "INSERT INTO operations VALUES (?, ?) ON CONFLICT (instance_id) DO UPDATE SET operation = excluded.operation",
    ),
    dropOperation: prepare("DELETE FROM operations WHERE instance_id = ?"),
    head: prepare("SELECT sequence, hash FROM audit WHERE chain = ? ORDER BY sequence DESC LIMIT 1"),
    addEntry: prepare("INSERT INTO audit VALUES (?, ?, ?, ?, ?)"),
    chains: prepare(
      "SELECT chain, MAX(a.sequence) AS newest, COALESCE(k.sequence, 0) AS acknowledged FROM audit a LEFT JOIN audit_acknowledged k USING (chain) GROUP BY chain ORDER BY chain",
    ),
    entriesAfter: prepare("SELECT entry AS text FROM audit WHERE chain = ? AND sequence > ? ORDER BY sequence LIMIT ?"),
    entriesOf: prepare("SELECT entry AS text FROM audit WHERE instance_id = ? ORDER BY rowid DESC LIMIT ?"),
    acknowledge: prepare(
      "INSERT INTO audit_acknowledged VALUES (?, ?) ON CONFLICT (chain) DO UPDATE SET sequence = excluded.sequence",
    ),
    spec: prepare("SELECT document AS text FROM spec"),
    putSpec: prepare("INSERT INTO spec VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document"),
  } as const;
}

function chainName(tenant: TenantId | null): string {
  return tenant ?? "";
}

/** The cached spec; one that another version wrote is no loss, the coordinator has it. */
function decodeSpec(row: unknown): NodeSpec | null {
  const stored = Text.safeParse(row);
  return stored.success ? (NodeSpec.safeParse(JSON.parse(stored.data.text)).data ?? null) : null;
}

/** Rows of JSON text, decoded by a schema: the file may have been written by another version, or by hand. */
function decodeAll<Schema extends z.ZodType>(rows: readonly unknown[], schema: Schema): z.output<Schema>[] {
  return rows.map((row) => {
    const parsed = schema.safeParse(JSON.parse(Text.parse(row).text));
    if (parsed.success) return parsed.data;
    throw new MvmError("MVM_STORE_FAILED", {
      message: `the agent's database holds a row that can't be read: ${z.prettifyError(parsed.error)}`,
      cause: parsed.error,
    });
  });
}
