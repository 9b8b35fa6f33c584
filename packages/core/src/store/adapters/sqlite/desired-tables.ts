/**
 * Reading and writing the tables of desired state (fleet, tenants, pools, instances, secrets) of
 * the coordinator's SQLite store. Called inside transactions; decides nothing.
 */
import * as z from "zod";
import { MvmError } from "../../../errors/mvm-error.ts";
import type { Fleet } from "../../../fleet/schema.ts";
import type { InstanceId, NodeId, TenantId } from "../../../ids.ts";
import type { ChangedRows } from "../../port.ts";
import type { DesiredRows, FleetRow, InstanceRow, NodeRow, NodeRows, SecretRow } from "../../rows.ts";
import { readCounters, writeCounters } from "./counters.ts";
import type { SqliteDatabase, SqlParams } from "./database.ts";
import * as codecs from "./row-codecs.ts";

export function readFleet(database: SqliteDatabase): FleetRow {
  const row = database.one(codecs.fleetRow, "SELECT * FROM fleet");
  if (row === null) throw new MvmError("MVM_STORE_FAILED", { message: "the store's fleet is missing" });
  return row;
}

/** Replaces the fleet with its next version; returns that version. */
export function writeFleet(
  database: SqliteDatabase,
  next: { fleet: Fleet; sourceHash: string | null; at: string; by: string },
): void {
  database.run(
    "UPDATE fleet SET version = version + 1, source_hash = :hash, applied_at = :at, applied_by = :by, fleet = :fleet",
    { hash: next.sourceHash, at: next.at, by: next.by, fleet: JSON.stringify(next.fleet) },
  );
}

export function readDesired(database: SqliteDatabase, tenantId: TenantId | undefined): DesiredRows {
  const counters = readCounters(database);
  return {
    generation: counters.generation,
    counters: { nextTenantNetId: counters.next_tenant_net_id, nextIngressPort: counters.next_ingress_port },
    tenants: ofTenant(database, { row: codecs.tenantRow, table: "tenants", order: "tenant_id" }, tenantId),
    pools: ofTenant(database, { row: codecs.poolRow, table: "pools", order: "tenant_id, pool_id" }, tenantId),
    instances: ofTenant(
      database,
      { row: codecs.instanceRow, table: "instances", order: "tenant_id, pool_id, number" },
      tenantId,
    ),
  };
}

export function readSecrets(database: SqliteDatabase, tenantId: TenantId | undefined): SecretRow[] {
  return ofTenant(database, { row: codecs.secretRow, table: "secrets", order: "tenant_id, name" }, tenantId);
}

export function readInstance(database: SqliteDatabase, instanceId: InstanceId): InstanceRow {
  const row = database.one(codecs.instanceRow, "SELECT * FROM instances WHERE instance_id = :id", { id: instanceId });
  if (row !== null) return row;
  throw new MvmError("MVM_INSTANCE_NOT_FOUND", {
    message: `there is no instance '${instanceId}'`,
    details: { instance: instanceId },
  });
}

export function readNode(database: SqliteDatabase, nodeId: NodeId): NodeRow {
  const row = database.one(codecs.nodeRow, `${codecs.NODE_ROWS} WHERE node_id = :id`, { id: nodeId });
  return row ?? noSuchNode(nodeId);
}

export function nodeGeneration(database: SqliteDatabase, nodeId: NodeId): number {
  const row = database.one(generationRow, "SELECT generation FROM nodes WHERE node_id = :id", { id: nodeId });
  return (row ?? noSuchNode(nodeId)).generation;
}

export function hasDestructions(database: SqliteDatabase): boolean {
  const found = database.one(
    existsRow,
    `SELECT EXISTS (SELECT 1 FROM instances WHERE wanted = 'destroyed')
         OR EXISTS (SELECT 1 FROM tenants WHERE standing = 'destroying') AS found`,
  );
  return found?.found === 1;
}

/** What one node's spec is made of. */
export function readNodeRows(database: SqliteDatabase, nodeId: NodeId): NodeRows {
  const placed = "tenant_id IN (SELECT tenant_id FROM tenant_nodes WHERE node_id = :node)";
  const params = { node: nodeId };
  return {
    node: readNode(database, nodeId),
    tenants: database.all(codecs.tenantRow, `SELECT * FROM tenants WHERE ${placed} ORDER BY tenant_id`, params),
    pools: database.all(codecs.poolRow, `SELECT * FROM pools WHERE ${placed} ORDER BY tenant_id, pool_id`, params),
    instances: database.all(
      codecs.instanceRow,
      "SELECT * FROM instances WHERE node_id = :node ORDER BY tenant_id, pool_id, number",
      params,
    ),
    secrets: database.all(codecs.secretRow, `SELECT * FROM secrets WHERE ${placed} ORDER BY tenant_id, name`, params),
  };
}

/** Writes rows whole: new ones are inserted, others replaced; returns the tenants concerned. */
export function writeChangedRows(database: SqliteDatabase, rows: ChangedRows, generation: number): TenantId[] {
  for (const row of rows.tenants)
    upsert(database, { table: "tenants", key: ["tenant_id"] }, codecs.tenantParams(row, generation));
  for (const row of rows.pools)
    upsert(database, { table: "pools", key: ["tenant_id", "pool_id"] }, codecs.poolParams(row));
  for (const row of rows.instances) {
    upsert(database, { table: "instances", key: ["instance_id"] }, codecs.instanceParams(row, generation));
    database.run("INSERT INTO tenant_nodes VALUES (:tenant, :node) ON CONFLICT DO NOTHING", {
      tenant: row.tenantId,
      node: row.nodeId,
    });
  }
  writeCounters(database, rows.counters);
  return [...rows.tenants, ...rows.pools, ...rows.instances].map((row) => row.tenantId);
}

export function writeSecret(database: SqliteDatabase, row: SecretRow): void {
  upsert(database, { table: "secrets", key: ["tenant_id", "name"] }, codecs.secretParams(row));
}

const generationRow = z.object({ generation: z.int() });
const existsRow = z.object({ found: z.int() });

function noSuchNode(nodeId: NodeId): never {
  throw new MvmError("MVM_NODE_NOT_FOUND", { message: `there is no node '${nodeId}'`, details: { node: nodeId } });
}

interface Table<Row extends z.ZodType> {
  readonly row: Row;
  readonly table: string;
  readonly order: string;
}

function ofTenant<Row extends z.ZodType>(
  database: SqliteDatabase,
  { row, table, order }: Table<Row>,
  tenantId: TenantId | undefined,
): z.output<Row>[] {
  if (tenantId === undefined) return database.all(row, `SELECT * FROM ${table} ORDER BY ${order}`);
  return database.all(row, `SELECT * FROM ${table} WHERE tenant_id = :tenant ORDER BY ${order}`, { tenant: tenantId });
}

function upsert(database: SqliteDatabase, target: { table: string; key: readonly string[] }, params: SqlParams): void {
  const columns = Object.keys(params);
  const updates = columns
    .filter((column) => !target.key.includes(column))
    .map((column) => `${column} = excluded.${column}`);
  database.run(
    `INSERT INTO ${target.table} (${columns.join(", ")}) VALUES (${columns.map((column) => `:${column}`).join(", ")})
     ON CONFLICT (${target.key.join(", ")}) DO UPDATE SET ${updates.join(", ")}`,
    params,
  );
}
