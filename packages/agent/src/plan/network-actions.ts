/**
 * Networks with running instances whose rules are not known to be the spec's: after a change of the
 * spec, and after a restart of the agent, which takes nothing on trust. Pure.
 */
import { hashOf, type NodeSpec, type TenantId, type TenantNetworkSpec } from "@mvm/core";
import { isRetryDue } from "./backoff.ts";
import type { Action, Observed } from "./plan.ts";
import { earliest } from "./precedence.ts";

export interface NetworkPlan {
  readonly actions: readonly Action[];
  /** Whether a network is not as the spec says. */
  readonly pending: boolean;
  /** When the first of those that failed is due; always in the future. */
  readonly retryAtMs: number | null;
}

export function networkActions(spec: NodeSpec, observed: Observed, nowMs: number): NetworkPlan {
  const live = new Set(
    [...observed.instances.values()].filter(({ state }) => state === "running").map(({ tenant }) => tenant),
  );
  const stale = spec.tenants.filter(
    ({ tenant_id, network }) =>
      live.has(tenant_id) && observed.networks.get(tenant_id)?.appliedHash !== networkHash(network),
  );
  // One that is being applied is over when it ends: until then its last failure's time says nothing.
  const idle = stale.filter(({ tenant_id }) => observed.networks.get(tenant_id)?.busy !== true);
  const retryAtMs = (tenant: TenantId): number => observed.networks.get(tenant)?.failed?.retryAtMs ?? 0;
  const due = idle.filter(({ tenant_id }) => isRetryDue(retryAtMs(tenant_id), nowMs));
  const later = idle.filter(({ tenant_id }) => !isRetryDue(retryAtMs(tenant_id), nowMs));
  return {
    actions: due.map(({ tenant_id, network }) => ({ kind: "apply-network", tenant: tenant_id, network })),
    pending: stale.length > 0,
    retryAtMs: later.map(({ tenant_id }) => retryAtMs(tenant_id)).reduce<number | null>(earliest, null),
  };
}

/** What tells one state of a tenant's network from another. */
export function networkHash(network: TenantNetworkSpec): string {
  return hashOf(network);
}
