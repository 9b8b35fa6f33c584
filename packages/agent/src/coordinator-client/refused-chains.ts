/**
 * The chains of audit entries that the coordinator refuses: each said once in the log, shown in the
 * status, and sent again slowly, since what refused them may be mended (a store put back from a
 * backup follows again after its next entries). Used by report-status.ts.
 */
import { isoTime, type Clock, type Logger, type RefusedChain, type TenantId } from "@mvm/core";

const RETRY_MS = 5 * 60_000;

export interface RefusedChains {
  /** Whether the chain's entries may be sent now. */
  isDue(tenant: TenantId | null): boolean;
  /** What the coordinator said of a delivery of the chain; null: it took the entries. */
  note(tenant: TenantId | null, problem: string | null): void;
  list(): readonly RefusedChain[];
}

export function refusedChains(clock: Clock, log: Logger): RefusedChains {
  const refused = new Map<TenantId | null, { readonly problem: string; readonly retryAtMs: number }>();
  return {
    isDue: (tenant) => (refused.get(tenant)?.retryAtMs ?? 0) <= clock.nowMs(),
    note(tenant, problem) {
      const before = refused.get(tenant)?.problem ?? null;
      if (problem === null) refused.delete(tenant);
      else refused.set(tenant, { problem, retryAtMs: clock.nowMs() + RETRY_MS });
      if (problem === before) return;
      if (problem === null) log.info("audit.taken", { tenant, problem: before });
      else log.error("audit.refused", { tenant, problem });
    },
    list: () =>
      [...refused].map(([tenant_id, { problem, retryAtMs }]) => ({ tenant_id, problem, retry_at: isoTime(retryAtMs) })),
  };
}
