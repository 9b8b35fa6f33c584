/**
 * The changes of desired state that the store knows, over SQLite: each runs inside one transaction
 * that the caller holds, writes rows, audit entries and the generation that they begin.
 */
import * as z from "zod";
import { MvmError } from "../../../errors/mvm-error.ts";
import type { InstanceId, TenantId } from "../../../ids.ts";
import type { Hold } from "../../../spec/node-spec.ts";
import type {
  Committed,
  CoordinatorDraft,
  FleetCommit,
  HoldCommit,
  ReplacementCommit,
  SecretCommit,
  TenantDestructionCommit,
} from "../../port.ts";
import type { InstanceRow } from "../../rows.ts";
import { appendDrafts } from "./audit-table.ts";
import { beginGeneration, nextGeneration, requireGeneration } from "./counters.ts";
import { isConstraint, type SqliteDatabase } from "./database.ts";
import { readFleet, readInstance, writeChangedRows, writeFleet, writeSecret } from "./desired-tables.ts";
import { instanceRow } from "./row-codecs.ts";

export function applyFleet(database: SqliteDatabase, commit: FleetCommit): Committed {
  const { version } = readFleet(database);
  if (version !== commit.expectedVersion) {
    throw new MvmError("MVM_FLEET_CONFLICT", {
      message: `the fleet is at version ${version}, not at ${commit.expectedVersion}`,
      details: { version, expected_version: commit.expectedVersion },
    });
  }
  requireGeneration(database, commit.expectedGeneration);
  const generation = nextGeneration(database);
  writeFleet(database, {
    fleet: commit.fleet,
    sourceHash: commit.sourceHash,
    at: commit.appliedAt,
    by: commit.appliedBy,
  });
  const tenants = writeChangedRows(database, commit, generation);
  for (const secret of commit.secrets) writeSecret(database, secret);
  appendDrafts(database, commit.audit, generation);
  return beginGeneration(database, generation, [...tenants, ...commit.secrets.map((secret) => secret.tenantId)]);
}

export function putHold(database: SqliteDatabase, commit: HoldCommit): Committed {
  const instance = readInstance(database, commit.instanceId);
  if (instance.wanted === "destroyed") {
    throw new MvmError("MVM_STORE_CONFLICT", {
      message: `instance '${commit.instanceId}' is being destroyed`,
      details: { instance: commit.instanceId },
    });
  }
  const generation = nextGeneration(database);
  writeHold(database, { instanceId: commit.instanceId, hold: commit.hold, generation });
  appendDrafts(database, commit.audit, generation);
  return beginGeneration(database, generation, [instance.tenantId]);
}

export function endHolds(
  database: SqliteDatabase,
  nowIso: string,
  draft: (instance: InstanceRow, hold: Hold) => CoordinatorDraft,
): Committed | null {
  const now = Date.parse(nowIso);
  const ended = database
    .all(instanceRow, "SELECT * FROM instances WHERE hold IS NOT NULL ORDER BY instance_id")
    .flatMap((instance) => {
      const { hold } = instance;
      return hold !== null && hold.until !== null && Date.parse(hold.until) <= now ? [{ instance, hold }] : [];
    });
  if (ended.length === 0) return null;
  const generation = nextGeneration(database);
  for (const { instance } of ended) writeHold(database, { instanceId: instance.instanceId, hold: null, generation });
  appendDrafts(
    database,
    ended.map(({ instance, hold }) => draft(instance, hold)),
    generation,
  );
  return beginGeneration(
    database,
    generation,
    ended.map(({ instance }) => instance.tenantId),
  );
}

export function orderInstanceDestruction(
  database: SqliteDatabase,
  instanceId: InstanceId,
  audit: readonly CoordinatorDraft[],
): Committed {
  const instance = readInstance(database, instanceId);
  const generation = nextGeneration(database);
  database.run(
    "UPDATE instances SET wanted = 'destroyed', hold = NULL, generation = :generation WHERE instance_id = :id",
    {
      generation,
      id: instanceId,
    },
  );
  appendDrafts(database, audit, generation);
  return beginGeneration(database, generation, [instance.tenantId]);
}

export function orderTenantDestruction(database: SqliteDatabase, commit: TenantDestructionCommit): Committed {
  requireGeneration(database, commit.expectedGeneration);
  const generation = nextGeneration(database);
  const params = { tenant: commit.tenantId, generation };
  requireTenant(
    database.run(
      "UPDATE tenants SET standing = 'destroying', generation = :generation WHERE tenant_id = :tenant",
      params,
    ),
    commit.tenantId,
  );
  database.run(
    "UPDATE instances SET wanted = 'destroyed', hold = NULL, generation = :generation WHERE tenant_id = :tenant",
    params,
  );
  writeFleet(database, { fleet: commit.fleet, sourceHash: null, at: commit.at, by: commit.by });
  appendDrafts(database, commit.audit, generation);
  return beginGeneration(database, generation, [commit.tenantId]);
}

export function replaceInstances(database: SqliteDatabase, commit: ReplacementCommit): Committed {
  requireGeneration(database, commit.expectedGeneration);
  const generation = nextGeneration(database);
  const touched: TenantId[] = [];
  for (const instanceId of commit.removed) {
    const instance = readInstance(database, instanceId);
    touched.push(instance.tenantId);
    database.run("DELETE FROM instances WHERE instance_id = :id", { id: instanceId });
    database.run("UPDATE tenants SET generation = :generation WHERE tenant_id = :tenant", {
      generation,
      tenant: instance.tenantId,
    });
  }
  touched.push(...writeChangedRows(database, commit.successors, generation));
  appendDrafts(database, commit.audit, generation);
  return beginGeneration(database, generation, touched);
}

export function removeTenant(
  database: SqliteDatabase,
  tenantId: TenantId,
  audit: readonly CoordinatorDraft[],
): Committed {
  const generation = nextGeneration(database);
  appendDrafts(database, audit, generation);
  // The nodes are looked up by the rows that the removal takes away.
  const committed = beginGeneration(database, generation, [tenantId]);
  try {
    requireTenant(database.run("DELETE FROM tenants WHERE tenant_id = :tenant", { tenant: tenantId }), tenantId);
  } catch (cause) {
    if (!isConstraint(cause)) throw cause;
    throw new MvmError("MVM_STORE_CONFLICT", {
      message: `tenant '${tenantId}' still has instances`,
      cause,
      details: { tenant: tenantId },
    });
  }
  return committed;
}

export function putSecret(
  database: SqliteDatabase,
  commit: SecretCommit,
): Committed & { readonly secretsEpoch: number } {
  const generation = nextGeneration(database);
  const epochRow = database.one(
    z.object({ secrets_epoch: z.int() }),
    "UPDATE tenants SET secrets_epoch = secrets_epoch + 1, generation = :generation WHERE tenant_id = :tenant RETURNING secrets_epoch",
    { tenant: commit.tenantId, generation },
  );
  requireTenant(epochRow === null ? 0 : 1, commit.tenantId);
  const secretsEpoch = epochRow?.secrets_epoch ?? 0;
  writeSecret(database, {
    tenantId: commit.tenantId,
    name: commit.name,
    sealed: commit.sealed,
    generated: false,
    epoch: secretsEpoch,
    changedAt: commit.at,
  });
  appendDrafts(database, commit.audit, generation);
  return { ...beginGeneration(database, generation, [commit.tenantId]), secretsEpoch };
}

function writeHold(
  database: SqliteDatabase,
  to: { instanceId: InstanceId; hold: Hold | null; generation: number },
): void {
  database.run("UPDATE instances SET hold = :hold, generation = :generation WHERE instance_id = :id", {
    hold: to.hold === null ? null : JSON.stringify(to.hold),
    generation: to.generation,
    id: to.instanceId,
  });
}

function requireTenant(changedRows: number, tenantId: TenantId): void {
  if (changedRows > 0) return;
  throw new MvmError("MVM_TENANT_NOT_FOUND", {
    message: `there is no tenant '${tenantId}'`,
    details: { tenant: tenantId },
  });
}
