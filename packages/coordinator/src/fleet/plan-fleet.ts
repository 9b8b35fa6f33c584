/**
 * The plan of a fleet apply: from what exists and what the fleet means to the changes that people
 * read and the rows that are written. Pure (`newUuid` apart); `fleet plan` and `fleet apply` show
 * and do the same. Nothing that a plan does erases data.
 */
import type {
  ChangedRows,
  DesiredRows,
  FleetChange,
  InstanceRow,
  PoolRow,
  SecretName,
  SecretRow,
  TenantId,
  TenantRow,
} from "@mvm/core";
import type { PlanContext } from "./new-instance.ts";
import { planTenant, releaseTenant, type TenantDecision, type TenantRows } from "./plan-tenant.ts";
import type { ResolvedTenant } from "./resolve-fleet.ts";

export interface FleetDecision {
  readonly changes: readonly FleetChange[];
  readonly rows: ChangedRows;
  /** Declared `generate` and not there yet; each tenant's epoch has risen once for all of its. */
  readonly secretsToMake: readonly { readonly tenantId: TenantId; readonly name: SecretName; readonly epoch: number }[];
}

/**
 * Plans the whole fleet.
 * @throws MvmError MVM_NET_EXHAUSTED
 */
export function planFleet(
  tenants: readonly ResolvedTenant[],
  existing: { readonly rows: DesiredRows; readonly secrets: readonly Pick<SecretRow, "tenantId" | "name">[] },
  context: PlanContext,
): FleetDecision {
  const byTenant = groupRows(existing.rows, existing.secrets);
  const named = new Set(tenants.map(({ tenantId }) => tenantId));
  const nothing: TenantRows = { tenant: null, pools: [], instances: [], secretNames: new Set() };
  const decisions: TenantDecision[] = tenants.map((tenant) =>
    planTenant(tenant, byTenant.get(tenant.tenantId) ?? nothing, context),
  );
  for (const rows of byTenant.values()) {
    const { tenant } = rows;
    if (tenant === null || named.has(tenant.tenantId) || tenant.standing === "destroying") continue;
    decisions.push(releaseTenant({ ...rows, tenant }, context));
  }
  return {
    changes: decisions.flatMap(({ changes }) => changes),
    rows: {
      tenants: decisions.flatMap(({ tenant }) => tenant ?? []),
      pools: decisions.flatMap(({ pools }) => pools),
      instances: decisions.flatMap(({ instances }) => instances),
      counters: context.session.counters(),
    },
    secretsToMake: decisions.flatMap(({ tenant, secretsToMake }) =>
      tenant === null
        ? []
        : secretsToMake.map((name) => ({ tenantId: tenant.tenantId, name, epoch: tenant.secretsEpoch })),
    ),
  };
}

function groupRows(
  rows: DesiredRows,
  secrets: readonly Pick<SecretRow, "tenantId" | "name">[],
): Map<TenantId, TenantRows> {
  const pools = Map.groupBy<TenantId, PoolRow>(rows.pools, ({ tenantId }) => tenantId);
  const instances = Map.groupBy<TenantId, InstanceRow>(rows.instances, ({ tenantId }) => tenantId);
  const names = Map.groupBy(secrets, ({ tenantId }) => tenantId);
  const grouped = rows.tenants.map((tenant: TenantRow): [TenantId, TenantRows] => [
    tenant.tenantId,
    {
      tenant,
      pools: pools.get(tenant.tenantId) ?? [],
      instances: instances.get(tenant.tenantId) ?? [],
      secretNames: new Set(names.get(tenant.tenantId)?.map(({ name }) => name)),
    },
  ]);
  return new Map(grouped);
}
