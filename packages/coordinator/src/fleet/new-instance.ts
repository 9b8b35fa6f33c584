/** Makes the row of an instance that begins now: new identity, new addresses, an empty volume. */
import { instanceId, type InstanceRow, type NodeId, type PoolId, type ResolvedType, type TenantId } from "@mvm/core";
import type { AllocationSession, SlotOwner } from "../allocate/allocation-session.ts";

/** What planning needs beside rows; the same context gives the same plan. */
export interface PlanContext {
  readonly session: AllocationSession;
  /** Where instances are placed. */
  readonly node: NodeId;
  /** ISO 8601. */
  readonly now: string;
  readonly newUuid: () => string;
  /** The type as it is declared now; null: it is not. */
  readonly typeOf: (role: string, profile: string) => ResolvedType | null;
}

export interface InstanceSeat {
  readonly tenant: SlotOwner & { readonly tenantId: TenantId };
  readonly pool: { readonly poolId: PoolId; readonly type: ResolvedType };
  readonly number: number;
}

/**
 * A running instance in that seat.
 * @throws MvmError MVM_NET_EXHAUSTED
 */
export function newInstance({ tenant, pool, number }: InstanceSeat, context: PlanContext): InstanceRow {
  return {
    instanceId: instanceId(tenant.tenantId, pool.poolId, number),
    tenantId: tenant.tenantId,
    poolId: pool.poolId,
    number,
    nodeId: context.node,
    slot: context.session.slot(tenant),
    volumeUuid: context.newUuid(),
    ingressPort: pool.type.expose_ingress ? context.session.ingressPort(context.node) : null,
    wanted: "running",
    hold: null,
    generation: 0,
    createdAt: context.now,
  };
}
