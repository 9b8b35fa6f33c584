/**
 * What an apply changes in what a tenant's instances know of each other. Their guest handlers are
 * configured from it (a gateway that gets its first worker sends the model's commands there), so a
 * change is one of the config drives. Pure; application-blind: it asks for handlers, not for which.
 */
import type { InstanceRow, PoolRow, ResolvedType } from "@mvm/core";
import { missingNumbers } from "./plan-pool.ts";
import type { ResolvedPool } from "./resolve-fleet.ts";

interface TenantPools {
  readonly pools: readonly PoolRow[];
  readonly instances: readonly InstanceRow[];
}

/** The changes in words, in the order of the fleet; empty: nobody's handlers see anything new. */
export function peerChanges(wanted: readonly ResolvedPool[], { pools, instances }: TenantPools): string[] {
  return wanted.flatMap((pool) => {
    const before = pools.find(({ poolId }) => poolId === pool.poolId);
    if (before !== undefined && before.type.type_hash !== pool.type.type_hash)
      return isSeen(before.type) || isSeen(pool.type) ? [`the new type of its peers in pool ${pool.poolId}`] : [];
    const existing = instances.filter(({ poolId }) => poolId === pool.poolId);
    const grows = isSeen(pool.type) && missingNumbers(pool.running, existing).length > 0;
    return grows ? [`new peers in pool ${pool.poolId}`] : [];
  });
}

/** Whether handlers of other instances can see instances of this type. */
export function isSeen(type: Pick<ResolvedType, "guest_handlers">): boolean {
  return type.guest_handlers.length > 0;
}
