/**
 * The coordinator's store over SQLite: the embedded default. A host adapter.
 *
 * Every operation is one `BEGIN IMMEDIATE` transaction on one connection, which holds the database
 * for this process alone: a second coordinator on the same file is refused.
 */
import { isMvmError, messageOf, MvmError } from "../../../errors/mvm-error.ts";
import { continueChain, groupByChain } from "../../chain-delivery.ts";
import type { ChainHead } from "../../../api/node-api.ts";
import type { NodeId, TenantId } from "../../../ids.ts";
import type { StatusCommit, Store } from "../../port.ts";
import { appendEntry, heldChain, queryAudit, readChain } from "./audit-table.ts";
import { beginGeneration, nextGeneration, raiseRevision, readCounters } from "./counters.ts";
import { isBusy, isDuplicate, openSqlite, type SqliteDatabase } from "./database.ts";
import * as changes from "./desired-changes.ts";
import * as tables from "./desired-tables.ts";
import { NODE_ROWS, nodeRow } from "./row-codecs.ts";
import { coordinatorMigrations, OVERLAP_MESSAGE } from "./schema.ts";

/**
 * Opens (and makes or migrates) the store at `path`; `:memory:` for one that nobody else sees.
 * @throws MvmError MVM_COORDINATOR_ALREADY_RUNNING, MVM_STORE_NEWER, MVM_STORE_FAILED
 */
export function openSqliteStore(path: string): Store {
  const database = open(path);
  const within = <Result>(work: () => Result): Promise<Result> =>
    Promise.resolve().then(() => guarded(() => database.transaction(work)));
  return {
    revision: () => within(() => readCounters(database).revision),
    ensureNode: (nodeId) =>
      within(() => {
        const added = database.run("INSERT INTO nodes VALUES (:id, 0, NULL, NULL) ON CONFLICT DO NOTHING", {
          id: nodeId,
        });
        if (added > 0) raiseRevision(database);
      }),
    ensureSpecFingerprint: (fingerprint) =>
      within(() => {
        if (readCounters(database).spec_fingerprint === fingerprint) return;
        database.run("UPDATE counters SET spec_fingerprint = :fingerprint", { fingerprint });
        beginGeneration(database, nextGeneration(database), null);
      }),

    readFleet: () => within(() => tables.readFleet(database)),
    readDesired: (tenantId) => within(() => tables.readDesired(database, tenantId)),
    readSecrets: (tenantId) => within(() => tables.readSecrets(database, tenantId)),
    readNodes: () => within(() => database.all(nodeRow, `${NODE_ROWS} ORDER BY node_id`)),
    nodeGeneration: (nodeId) => within(() => tables.nodeGeneration(database, nodeId)),
    hasDestructions: () => within(() => tables.hasDestructions(database)),
    readNodeRows: (nodeId) => within(() => tables.readNodeRows(database, nodeId)),
    readAudit: (filter) => within(() => queryAudit(database, filter)),
    readChain: (writer, tenantId) => within(() => readChain(database, writer, tenantId)),

    applyFleet: (commit) => within(() => changes.applyFleet(database, commit)),
    putHold: (commit) => within(() => changes.putHold(database, commit)),
    endHolds: (now, draft) => within(() => changes.endHolds(database, now, draft)),
    orderInstanceDestruction: (id, audit) => within(() => changes.orderInstanceDestruction(database, id, audit)),
    orderTenantDestruction: (commit) => within(() => changes.orderTenantDestruction(database, commit)),
    replaceInstances: (commit) => within(() => changes.replaceInstances(database, commit)),
    removeTenant: (tenantId, audit) => within(() => changes.removeTenant(database, tenantId, audit)),
    putSecret: (commit) => within(() => changes.putSecret(database, commit)),
    recordStatus: (commit) => within(() => recordStatus(database, commit)),

    close: () => Promise.resolve().then(() => guarded(() => database.close())),
  };
}

function open(path: string): SqliteDatabase {
  try {
    return openSqlite({ path, migrations: coordinatorMigrations, exclusive: true, busyTimeoutMs: 500 });
  } catch (cause) {
    if (isMvmError(cause)) throw cause;
    if (isBusy(cause))
      throw new MvmError("MVM_COORDINATOR_ALREADY_RUNNING", {
        message: `another process holds the store ${path}`,
        cause,
        details: { store: path },
      });
    throw new MvmError("MVM_STORE_FAILED", {
      message: `can't open the store ${path}: ${messageOf(cause)}`,
      cause,
      details: { store: path },
    });
  }
}

/** Turns what SQLite says into the port's errors. */
function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (isMvmError(cause)) throw cause;
    if (isDuplicate(cause) || messageOf(cause).includes(OVERLAP_MESSAGE)) {
      throw new MvmError("MVM_NET_OVERLAP", { message: `the store refused an allocation: ${messageOf(cause)}`, cause });
    }
    throw new MvmError("MVM_STORE_FAILED", { message: `the store failed: ${messageOf(cause)}`, cause });
  }
}

function recordStatus(database: SqliteDatabase, commit: StatusCommit): ChainHead[] {
  tables.readNode(database, commit.nodeId);
  const heads: ChainHead[] = [];
  for (const [tenantId, entries] of groupByChain(commit.entries)) {
    const held = heldChain(database, commit.nodeId, tenantId);
    const { accepted, problem } = continueChain(commit.nodeId, entries, held);
    for (const entry of accepted) appendEntry(database, entry);
    keepProblem(database, commit.nodeId, { tenantId, problem });
    heads.push({ tenant_id: tenantId, acknowledged: accepted.at(-1)?.sequence ?? held.head?.sequence ?? 0, problem });
  }
  database.run("UPDATE nodes SET status = :status, received_at = :at WHERE node_id = :id", {
    status: JSON.stringify(commit.status),
    at: commit.receivedAt,
    id: commit.nodeId,
  });
  raiseRevision(database);
  return heads;
}

/** Keeps what is wrong with one chain until a delivery of that chain is taken: others say nothing of it. */
function keepProblem(
  database: SqliteDatabase,
  node: NodeId,
  chain: { readonly tenantId: TenantId | null; readonly problem: string | null },
): void {
  const key = { node, tenant: chain.tenantId ?? "" };
  if (chain.problem === null) {
    database.run("DELETE FROM refused_chains WHERE node_id = :node AND tenant_id = :tenant", key);
    return;
  }
  database.run("INSERT OR REPLACE INTO refused_chains VALUES (:node, :tenant, :problem)", {
    ...key,
    problem: chain.problem,
  });
}
