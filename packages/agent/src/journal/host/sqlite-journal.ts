/**
 * The journal over SQLite. A host adapter; the database is held by this process alone, so records
 * are read once at opening and from memory afterwards.
 */
import { isMvmError, jsonColumn, MvmError, NodeSpec, type SqliteDatabase } from "@mvm/core";
import * as z from "zod";
import { InstanceRecord } from "../instance-record.ts";
import type { Journal } from "../journal.ts";
import { OperationRecord } from "../operation-record.ts";
import * as audit from "./audit-table.ts";

/** How many entries of a chain stay here after the coordinator took them, for who looks at this node alone. */
const KEPT_ENTRIES = 1000;

const PUT_RECORD = `
  INSERT INTO instances VALUES (:id, :uid, :record)
  ON CONFLICT (instance_id) DO UPDATE SET uid = excluded.uid, record = excluded.record`;
const PUT_OPERATION = `
  INSERT INTO operations VALUES (:id, :operation)
  ON CONFLICT (instance_id) DO UPDATE SET operation = excluded.operation`;
const DROP_OPERATION = "DELETE FROM operations WHERE instance_id = :id";

const PUT_SPEC = `
  INSERT INTO spec (id, document, first_seen) VALUES (1, :document, :firstSeen)
  ON CONFLICT (id) DO UPDATE SET document = excluded.document, first_seen = excluded.first_seen`;

/** ISO times by volume. */
const FirstSeen = z.record(z.string(), z.iso.datetime());
type FirstSeen = z.infer<typeof FirstSeen>;

const specRow = z.object({ document: z.string(), first_seen: jsonColumn(FirstSeen) });
const recordRow = z.object({ record: jsonColumn(InstanceRecord) });
const operationRow = z.object({ operation: jsonColumn(OperationRecord) });

/** @param database as `openAgentDatabase` opened it; the journal closes it */
export function sqliteJournal(database: SqliteDatabase, { keptEntries = KEPT_ENTRIES } = {}): Journal {
  const records = new Map(
    database.all(recordRow, "SELECT record FROM instances").map(({ record }) => [record.instance_id, record]),
  );
  const operations = new Map(
    database
      .all(operationRow, "SELECT operation FROM operations")
      .map(({ operation }) => [operation.instance_id, operation]),
  );
  const saved = database.one(specRow, "SELECT document, first_seen FROM spec");
  let spec = saved === null ? null : knownSpec(saved.document);
  let firstSeen: FirstSeen = saved?.first_seen ?? {};

  /** All or nothing, durable at return. The maps above change only after it. */
  function transaction(what: string, work: () => void): void {
    try {
      database.transaction(work);
    } catch (cause) {
      if (isMvmError(cause)) throw cause;
      throw new MvmError("MVM_STORE_FAILED", {
        message: `can't write ${what} to the agent's database`,
        cause,
        retry: "backoff",
      });
    }
  }

  return {
    record: (id) => records.get(id) ?? null,
    records: () => [...records.values()].sort((a, b) => (a.instance_id < b.instance_id ? -1 : 1)),
    operation: (id) => operations.get(id) ?? null,

    write({ record, operation, audit: draft }) {
      const id = record.instance_id;
      transaction(id, () => {
        database.run(PUT_RECORD, { id, uid: record.uid, record: JSON.stringify(record) });
        if (operation === null) database.run(DROP_OPERATION, { id });
        else database.run(PUT_OPERATION, { id, operation: JSON.stringify(operation) });
        if (draft !== null) audit.appendEntry(database, draft);
      });
      records.set(id, record);
      if (operation === null) operations.delete(id);
      else operations.set(id, operation);
    },
    forget(id) {
      transaction(id, () => {
        database.run(DROP_OPERATION, { id });
        database.run("DELETE FROM instances WHERE instance_id = :id", { id });
      });
      records.delete(id);
      operations.delete(id);
    },

    append: (draft) => transaction(draft.event, () => audit.appendEntry(database, draft)),
    auditChains: () => audit.chains(database),
    auditAfter: (tenant, after, limit) => audit.entriesAfter(database, tenant, { after, limit }),
    auditOf: (id, limit) => audit.entriesOf(database, id, limit),
    acknowledge: (tenant, sequence) =>
      transaction("an acknowledgement", () => {
        audit.noteDelivered(database, tenant, { sequence, keptEntries });
      }),

    spec: () => spec,
    saveSpec(next, at) {
      const nextSeen = firstSeenWith(next, firstSeen, at);
      transaction("the spec", () =>
        database.run(PUT_SPEC, { document: JSON.stringify(next), firstSeen: JSON.stringify(nextSeen) }),
      );
      spec = next;
      firstSeen = nextSeen;
    },
    firstSeen: (volumeUuid) => firstSeen[volumeUuid] ?? null,
    close: () => database.close(),
  };
}

/** The cached spec; one that another version wrote is no loss, the coordinator has it. */
function knownSpec(document: string): NodeSpec | null {
  return NodeSpec.safeParse(JSON.parse(document)).data ?? null;
}

/** For each instance of the spec since when it is known; those that left the spec are forgotten. */
function firstSeenWith(spec: NodeSpec, known: FirstSeen, at: string): FirstSeen {
  const instances = spec.tenants.flatMap(({ pools }) => pools.flatMap((pool) => pool.instances));
  return Object.fromEntries(instances.map(({ volume_uuid: volume }) => [volume, known[volume] ?? at]));
}
