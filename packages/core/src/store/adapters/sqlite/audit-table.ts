/**
 * The append-only audit table of the coordinator's SQLite store. Called inside transactions; the
 * table's triggers refuse whatever is not an append.
 */
import * as z from "zod";
import { chainEntry, type AuditEntry } from "../../../audit/entry.ts";
import type { TenantId } from "../../../ids.ts";
import type { HeldChain } from "../../chain-delivery.ts";
import { COORDINATOR_WRITER, type AuditFilter, type CoordinatorDraft } from "../../port.ts";
import type { SqliteDatabase } from "./database.ts";
import { auditRow } from "./row-codecs.ts";

const headRow = z.object({ sequence: z.int(), hash: z.string() });

/** Appends entries of the coordinator, each at the end of its chain. */
export function appendDrafts(
  database: SqliteDatabase,
  drafts: readonly CoordinatorDraft[],
  generation: number | null,
): void {
  for (const draft of drafts) {
    const { head } = heldChain(database, COORDINATOR_WRITER, draft.tenant_id);
    appendEntry(database, chainEntry({ ...draft, writer: COORDINATOR_WRITER, generation }, head));
  }
}

/** Appends an entry that was checked against its chain. */
export function appendEntry(database: SqliteDatabase, entry: AuditEntry): void {
  database.run(
    `INSERT INTO audit (writer, tenant_id, sequence, at_ms, instance_id, cause, hash, entry)
     VALUES (:writer, :tenant, :sequence, :at_ms, :instance, :cause, :hash, :entry)`,
    {
      writer: entry.writer,
      tenant: entry.tenant_id ?? "",
      sequence: entry.sequence,
      at_ms: Date.parse(entry.at),
      instance: entry.instance_id,
      cause: entry.cause,
      hash: entry.hash,
      entry: JSON.stringify(entry),
    },
  );
}

/** What is held of a chain. */
export function heldChain(database: SqliteDatabase, writer: string, tenantId: TenantId | null): HeldChain {
  const chain = { writer, tenant: tenantId ?? "" };
  return {
    head: database.one(
      headRow,
      "SELECT sequence, hash FROM audit WHERE writer = :writer AND tenant_id = :tenant ORDER BY sequence DESC LIMIT 1",
      chain,
    ),
    hashAt: (sequence) =>
      database.one(
        headRow,
        "SELECT sequence, hash FROM audit WHERE writer = :writer AND tenant_id = :tenant AND sequence = :sequence",
        { ...chain, sequence },
      )?.hash ?? null,
  };
}

/** A chain from its beginning. */
export function readChain(database: SqliteDatabase, writer: string, tenantId: TenantId | null): AuditEntry[] {
  return database
    .all(auditRow, "SELECT record, entry FROM audit WHERE writer = :writer AND tenant_id = :tenant ORDER BY sequence", {
      writer,
      tenant: tenantId ?? "",
    })
    .map(({ entry }) => entry);
}

/** The newest records that pass the filter, newest first. */
export function queryAudit(database: SqliteDatabase, filter: AuditFilter): z.output<typeof auditRow>[] {
  const conditions: readonly (readonly [condition: string, name: string, value: string | number | undefined])[] = [
    ["tenant_id = :tenant", "tenant", filter.tenant],
    ["instance_id = :instance", "instance", filter.instance],
    ["cause = :cause", "cause", filter.cause],
    ["writer = :writer", "writer", filter.writer],
    ["at_ms >= :since", "since", filter.since === undefined ? undefined : Date.parse(filter.since)],
    ["at_ms <= :until", "until", filter.until === undefined ? undefined : Date.parse(filter.until)],
    ["record < :before", "before", filter.before],
  ];
  const params: Record<string, string | number> = { limit: filter.limit };
  const where: string[] = [];
  for (const [condition, name, value] of conditions) {
    if (value === undefined) continue;
    where.push(condition);
    params[name] = value;
  }
  const clause = where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
  return database.all(auditRow, `SELECT record, entry FROM audit ${clause} ORDER BY record DESC LIMIT :limit`, params);
}
