/**
 * Networks with running instances whose rules are not known to be the spec's: after a change of the
 * spec, and after a restart of the agent, which takes nothing on trust. Pure.
 */
import { hashOf, type NodeSpec, type TenantNetworkSpec } from "@mvm/core";
import type { Action, Observed } from "./plan.ts";
import { earliest } from "./precedence.ts";

export interface NetworkPlan {
  readonly actions: readonly Action[];
  /** Whether a network is not as the spec says. */
  readonly pending: boolean;
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
  const due = stale.filter(({ tenant_id }) => {
    const seen = observed.networks.get(tenant_id);
    return !(seen?.busy ?? false) && nowMs >= (seen?.failed?.retryAtMs ?? 0);
  });
  const retries = stale.map(({ tenant_id }) => observed.networks.get(tenant_id)?.failed?.retryAtMs ?? null);
  return {
    actions: due.map(({ tenant_id, network }) => ({ kind: "apply-network", tenant: tenant_id, network })),
    pending: stale.length > 0,
    retryAtMs: retries.reduce(earliest, null),
  };
}

/** What tells one state of a tenant's network from another. */
export function networkHash(network: TenantNetworkSpec): string {
  return hashOf(network);
}
