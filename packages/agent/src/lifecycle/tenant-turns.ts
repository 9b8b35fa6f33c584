/**
 * Turns: work on one tenant's network happens one piece after the other, in the order of asking,
 * because each piece renders the rules whole from all instances that are there. Owned by lifecycle.
 */
import type { TenantId } from "@mvm/core";

export interface TenantTurns {
  /** Runs `work` when everything asked before it for this tenant has ended, well or not. */
  take<Result>(tenant: TenantId, work: () => Promise<Result>): Promise<Result>;
}

export function tenantTurns(): TenantTurns {
  const last = new Map<TenantId, Promise<unknown>>();
  return {
    async take(tenant, work) {
      const before = last.get(tenant) ?? Promise.resolve();
      const mine = before.then(work, work);
      const settled = mine.catch(() => undefined);
      last.set(tenant, settled);
      try {
        return await mine;
      } finally {
        if (last.get(tenant) === settled) last.delete(tenant);
      }
    },
  };
}
