/** Tenants and pools: shown, and tenants destroyed. */
import { MvmError, type PoolView, type TenantCommandAnswer, type TenantId, type TenantView } from "@mvm/core";
import { auditDraft } from "../audit/drafts.ts";
import { poolViews, tenantViews } from "../views/fleet-views.ts";
import { instanceViews } from "../views/instance-view.ts";
import { auditContext, decideAndCommit, type ServiceDeps } from "./deps.ts";

export interface TenantService {
  list(): Promise<TenantView[]>;
  /** @throws MvmError MVM_TENANT_NOT_FOUND */
  get(tenant: TenantId): Promise<TenantView>;
  pools(tenant: TenantId | undefined): Promise<PoolView[]>;
  /** Takes it out of the fleet and orders all of it destroyed; again is the same. @throws MvmError MVM_TENANT_NOT_FOUND */
  destroy(tenant: TenantId, claimedBy: string): Promise<TenantCommandAnswer>;
}

export function tenantService(deps: ServiceDeps): TenantService {
  const { store } = deps;
  return {
    async list() {
      const rows = await store.readDesired();
      return tenantViews(rows, instanceViews(rows, await store.readNodes()));
    },
    async get(tenant) {
      const rows = await store.readDesired(tenant);
      const [view] = tenantViews(rows, instanceViews(rows, await store.readNodes()));
      return view ?? noSuchTenant(tenant);
    },
    async pools(tenant) {
      const rows = await store.readDesired(tenant);
      if (tenant !== undefined && rows.tenants.length === 0) noSuchTenant(tenant);
      return poolViews(rows, instanceViews(rows, await store.readNodes()));
    },
    destroy: (tenant, claimedBy) =>
      deps.turns.take(() => decideAndCommit(() => orderDestruction(deps, tenant, claimedBy))),
  };
}

async function orderDestruction(
  deps: ServiceDeps,
  tenantId: TenantId,
  claimedBy: string,
): Promise<TenantCommandAnswer> {
  const { store } = deps;
  const rows = await store.readDesired(tenantId);
  const row = rows.tenants[0] ?? noSuchTenant(tenantId);
  if (row.standing !== "destroying") {
    const context = auditContext(deps, "manual", claimedBy);
    const { fleet } = await store.readFleet();
    const detail = `${rows.instances.length} instances with their data, network, secrets and key`;
    await store.orderTenantDestruction({
      expectedGeneration: rows.generation,
      tenantId,
      fleet: { ...fleet, tenants: fleet.tenants.filter((tenant) => tenant.tenant_id !== tenantId) },
      at: context.at,
      by: claimedBy,
      audit: [
        auditDraft(context, {
          event: "tenant.destroy.ordered",
          tenantId,
          from: row.standing,
          to: "destroying",
          detail,
        }),
      ],
    });
    deps.changes.raise();
    deps.logger.info("tenant.destroy.ordered", { reason: "manual", tenant: tenantId, claimed_by: claimedBy });
  }
  const nodes = await store.readNodes();
  return { tenant_id: tenantId, generations: nodes.map(({ nodeId, generation }) => ({ node: nodeId, generation })) };
}

export function noSuchTenant(tenant: string): never {
  throw new MvmError("MVM_TENANT_NOT_FOUND", { message: `there is no tenant '${tenant}'`, details: { tenant } });
}
