/**
 * Revision, generation and allocation counters of the coordinator's SQLite store, and the one way
 * in which a change of desired state begins a generation. Called inside transactions only.
 */
import * as z from "zod";
import { MvmError } from "../../../errors/mvm-error.ts";
import { NodeId, type TenantId } from "../../../ids.ts";
import type { Committed } from "../../port.ts";
import type { Counters } from "../../rows.ts";
import type { SqliteDatabase } from "./database.ts";

const counterRow = z.object({
  revision: z.int(),
  generation: z.int(),
  next_tenant_net_id: z.int(),
  next_ingress_port: z.int(),
  spec_fingerprint: z.string(),
});

export function readCounters(database: SqliteDatabase): z.infer<typeof counterRow> {
  const row = database.one(counterRow, "SELECT * FROM counters");
  if (row === null) throw new MvmError("MVM_STORE_FAILED", { message: "the store's counters are missing" });
  return row;
}

/** Tells watchers that something changed. */
export function raiseRevision(database: SqliteDatabase): void {
  database.run("UPDATE counters SET revision = revision + 1");
}

/** Refuses a change that was decided from rows of another generation. */
export function requireGeneration(database: SqliteDatabase, expected: number): void {
  const { generation } = readCounters(database);
  if (generation === expected) return;
  throw new MvmError("MVM_STORE_CONFLICT", {
    message: `the change was decided from generation ${expected}, but ${generation} is in force`,
    retry: "backoff",
    details: { expected, generation },
  });
}

export function writeCounters(database: SqliteDatabase, counters: Counters): void {
  database.run("UPDATE counters SET next_tenant_net_id = :net, next_ingress_port = :port", {
    net: counters.nextTenantNetId,
    port: counters.nextIngressPort,
  });
}

/** The generation that the change now being made begins. */
export function nextGeneration(database: SqliteDatabase): number {
  return readCounters(database).generation + 1;
}

/**
 * Begins `generation` for every node that holds anything of `tenants` (all nodes: null); with no
 * such node the generation of the cluster rises all the same.
 */
export function beginGeneration(
  database: SqliteDatabase,
  generation: number,
  tenants: readonly TenantId[] | null,
): Committed {
  const nodeIds = new Set<NodeId>();
  const nodeRow = z.object({ node_id: NodeId });
  if (tenants === null) {
    for (const row of database.all(nodeRow, "SELECT node_id FROM nodes")) nodeIds.add(row.node_id);
  }
  for (const tenant of new Set(tenants)) {
    const rows = database.all(nodeRow, "SELECT node_id FROM tenant_nodes WHERE tenant_id = :tenant", { tenant });
    for (const row of rows) nodeIds.add(row.node_id);
  }
  for (const node of nodeIds) {
    database.run("UPDATE nodes SET generation = :generation WHERE node_id = :node", { generation, node });
  }
  database.run("UPDATE counters SET generation = :generation", { generation });
  raiseRevision(database);
  return { generation, nodes: [...nodeIds].sort().map((nodeId) => ({ nodeId, generation })) };
}
