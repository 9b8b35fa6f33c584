/**
 * The journal's audit entries, chain by chain, and how far the coordinator has them. A host adapter:
 * what writes is called inside transactions; the table's triggers refuse whatever breaks a chain.
 */
import {
  AuditEntry,
  chainEntry,
  jsonColumn,
  TenantId,
  type AuditDraft,
  type InstanceId,
  type SqliteDatabase,
} from "@mvm/core";
import * as z from "zod";
import type { AuditChain } from "../journal.ts";

/** Finds each chain by a step in the index, not by a scan of all entries. */
const CHAINS = `
  WITH RECURSIVE chains (chain) AS (
    SELECT MIN(chain) FROM audit
    UNION ALL
    SELECT (SELECT MIN(chain) FROM audit WHERE chain > chains.chain) FROM chains WHERE chain IS NOT NULL
  )
  SELECT
    chain,
    (SELECT MAX(sequence) FROM audit WHERE audit.chain = chains.chain) AS newest,
    COALESCE((SELECT sequence FROM audit_acknowledged AS held WHERE held.chain = chains.chain), 0) AS acknowledged
  FROM chains WHERE chain IS NOT NULL ORDER BY chain`;

/** Never the newest entry, whatever a coordinator claims to hold: the next one continues it. */
const TRIM = `
  DELETE FROM audit
  WHERE chain = :chain
    AND sequence <= :acknowledged - :kept
    AND sequence < (SELECT MAX(sequence) FROM audit WHERE chain = :chain)`;

const ACKNOWLEDGE = `
  INSERT INTO audit_acknowledged VALUES (:chain, :sequence)
  ON CONFLICT (chain) DO UPDATE SET sequence = excluded.sequence`;

const headRow = z.object({ sequence: z.int(), hash: z.string() });
const chainRow = z.object({ chain: z.string(), newest: z.int(), acknowledged: z.int() });
const entryRow = z.object({ entry: jsonColumn(AuditEntry) });

/** Puts an entry at the end of its chain. */
export function appendEntry(database: SqliteDatabase, draft: AuditDraft): void {
  const chain = chainName(draft.tenant_id);
  const head = database.one(
    headRow,
    "SELECT sequence, hash FROM audit WHERE chain = :chain ORDER BY sequence DESC LIMIT 1",
    { chain },
  );
  const entry = chainEntry(draft, head);
  database.run("INSERT INTO audit VALUES (:chain, :sequence, :instance, :hash, :entry)", {
    chain,
    sequence: entry.sequence,
    instance: entry.instance_id,
    hash: entry.hash,
    entry: JSON.stringify(entry),
  });
}

/** The coordinator has the chain up to `sequence`; of that, what is older than `keptEntries` goes. */
export function noteDelivered(
  database: SqliteDatabase,
  tenant: TenantId | null,
  { sequence, keptEntries }: { readonly sequence: number; readonly keptEntries: number },
): void {
  const chain = chainName(tenant);
  database.run(ACKNOWLEDGE, { chain, sequence });
  database.run(TRIM, { chain, acknowledged: sequence, kept: keptEntries });
}

export function chains(database: SqliteDatabase): readonly AuditChain[] {
  return database.all(chainRow, CHAINS).map(({ chain, newest, acknowledged }) => ({
    tenant_id: chain === "" ? null : TenantId.parse(chain),
    newest,
    acknowledged,
  }));
}

export function entriesAfter(
  database: SqliteDatabase,
  tenant: TenantId | null,
  { after, limit }: { readonly after: number; readonly limit: number },
): readonly AuditEntry[] {
  const sql = "SELECT entry FROM audit WHERE chain = :chain AND sequence > :after ORDER BY sequence LIMIT :limit";
  return database.all(entryRow, sql, { chain: chainName(tenant), after, limit }).map(({ entry }) => entry);
}

/** The newest entries of an instance, newest first. */
export function entriesOf(database: SqliteDatabase, id: InstanceId, limit: number): readonly AuditEntry[] {
  const sql = "SELECT entry FROM audit WHERE instance_id = :id ORDER BY rowid DESC LIMIT :limit";
  return database.all(entryRow, sql, { id, limit }).map(({ entry }) => entry);
}

function chainName(tenant: TenantId | null): string {
  return tenant ?? "";
}
