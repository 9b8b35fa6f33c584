/**
 * Plans one tenant that the fleet names: its own row, its pools, their instances, the secrets to be
 * made. Pure but for the session's bookkeeping; called by plan-fleet.ts.
 */
import {
  formatRange,
  type FleetChange,
  type InstanceRow,
  type PoolId,
  type PoolRow,
  type SecretName,
  type TenantRow,
} from "@mvm/core";
import { subnetOf } from "../allocate/instance-addresses.ts";
import type { PlanContext } from "./new-instance.ts";
import { peerChanges } from "./peer-changes.ts";
import { planPool, releasePool } from "./plan-pool.ts";
import type { ResolvedTenant } from "./resolve-fleet.ts";
import { sameValue } from "./same-value.ts";

/** What exists of one tenant. */
export interface TenantRows {
  readonly tenant: TenantRow | null;
  readonly pools: readonly PoolRow[];
  readonly instances: readonly InstanceRow[];
  readonly secretNames: ReadonlySet<SecretName>;
}

/** What becomes of one tenant: only rows that are new or changed. */
export interface TenantDecision {
  readonly changes: readonly FleetChange[];
  readonly tenant: TenantRow | null;
  readonly pools: readonly PoolRow[];
  readonly instances: readonly InstanceRow[];
  /** Declared `generate`, not there yet. */
  readonly secretsToMake: readonly SecretName[];
}

export function planTenant(wanted: ResolvedTenant, existing: TenantRows, context: PlanContext): TenantDecision {
  const secretsToMake = missingSecrets(wanted, existing.secretNames);
  const definition = redefine(wanted, existing, { context, makesSecrets: secretsToMake.length > 0 });
  const pending = [...definition.configReasons, ...secretsToMake.map((name) => `the new secret ${name}`)];
  const named = new Set(wanted.pools.map(({ poolId }) => poolId));
  const vanished = existing.pools.filter((pool) => !named.has(pool.poolId));
  const existingOf = (poolId: PoolId) => ({
    before: existing.pools.find((pool) => pool.poolId === poolId) ?? null,
    instances: existing.instances.filter((instance) => instance.poolId === poolId),
  });
  const pools = [
    ...wanted.pools.map((pool) =>
      planPool(pool, { tenant: definition.row, ...existingOf(pool.poolId), pending, context }),
    ),
    ...vanished.map((pool) => releasePool(pool, existing.instances, context)),
  ];
  const row: TenantRow = { ...definition.row, nextSlot: context.session.nextSlot(definition.row) };
  return {
    changes: [...tenantChanges(definition, existing, secretsToMake), ...pools.flatMap(({ changes }) => changes)],
    tenant: existing.tenant !== null && sameValue(row, existing.tenant) ? null : row,
    pools: pools.flatMap(({ pool }) => pool ?? []),
    instances: pools.flatMap(({ instances }) => instances),
    secretsToMake,
  };
}

/** A tenant that vanished from the fleet: stopped, nothing erased. */
export function releaseTenant(
  existing: TenantRows & { readonly tenant: TenantRow },
  context: PlanContext,
): TenantDecision {
  const pools = existing.pools.map((pool) => releasePool(pool, existing.instances, context));
  const isNew = existing.tenant.standing === "present";
  const change: FleetChange = {
    action: "release",
    kind: "tenant",
    tenant_id: existing.tenant.tenantId,
    pool_id: null,
    instance_id: null,
    reason: `it is no longer in the fleet: its instances stop and keep their data; mvm tenant destroy ${existing.tenant.tenantId} erases them`,
  };
  return {
    changes: isNew ? [change, ...pools.flatMap(({ changes }) => changes)] : [],
    tenant: isNew ? { ...existing.tenant, standing: "released" } : null,
    pools: pools.flatMap(({ pool }) => pool ?? []),
    instances: pools.flatMap(({ instances }) => instances),
    secretsToMake: [],
  };
}

interface Redefinition {
  readonly row: TenantRow;
  /** What changed in the tenant's definition, in words. */
  readonly reasons: readonly string[];
  /** What config drives will hold anew, in words; its pools' changes among it. */
  readonly configReasons: readonly string[];
}

/** The tenant's row after the apply, but for the slots that its instances will take. */
function redefine(
  wanted: ResolvedTenant,
  existing: TenantRows,
  how: { context: PlanContext; makesSecrets: boolean },
): Redefinition {
  const { tenant } = existing;
  const { egress, connectors } = wanted.definition;
  const model = wanted.definition.model ?? null;
  const secretsEpoch = (tenant?.secretsEpoch ?? 0) + (how.makesSecrets ? 1 : 0);
  if (tenant === null) {
    const fresh = {
      tenantId: wanted.tenantId,
      standing: "present",
      nextSlot: 0,
      configVersion: 1,
      generation: 0,
    } as const;
    const row: TenantRow = {
      ...fresh,
      network: how.context.session.network(),
      egress,
      model,
      connectors,
      secretsEpoch,
      createdAt: how.context.now,
    };
    return { row, reasons: [], configReasons: [] };
  }
  const definitionReasons = [
    ...(sameValue(model, tenant.model) ? [] : ["model"]),
    ...(sameValue(connectors, tenant.connectors) ? [] : ["connectors"]),
  ];
  const configReasons = [...definitionReasons, ...peerChanges(wanted.pools, existing)];
  const reasons = [
    ...(tenant.standing === "released" ? ["back in the fleet"] : []),
    ...(sameValue(egress, tenant.egress) ? [] : ["egress"]),
    ...definitionReasons,
  ];
  const configVersion = tenant.configVersion + (configReasons.length > 0 ? 1 : 0);
  return {
    row: { ...tenant, standing: "present", egress, model, connectors, secretsEpoch, configVersion },
    reasons,
    configReasons,
  };
}

function tenantChanges(
  { row, reasons }: Redefinition,
  { tenant }: TenantRows,
  secretsToMake: readonly SecretName[],
): FleetChange[] {
  const named = { kind: "tenant", tenant_id: row.tenantId, pool_id: null, instance_id: null } as const;
  const secrets = secretsToMake.length === 0 ? [] : [`makes the secrets ${secretsToMake.join(", ")}`];
  if (tenant === null)
    return [
      { ...named, action: "create", reason: [`subnet ${formatRange(subnetOf(row.network))}`, ...secrets].join("; ") },
    ];
  if (reasons.length + secrets.length === 0) return [];
  return [{ ...named, action: "change", reason: [...reasons, ...secrets].join(", ") }];
}

function missingSecrets({ pools }: ResolvedTenant, held: ReadonlySet<SecretName>): SecretName[] {
  const declared = pools
    .flatMap(({ type }) => type.secrets)
    .filter(({ generate, name }) => generate && !held.has(name));
  return [...new Set(declared.map(({ name }) => name))].sort();
}
