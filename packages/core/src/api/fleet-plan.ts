/**
 * The plan of a fleet apply as a wire document: what `fleet plan` shows and `apply` does.
 *
 * Made by the coordinator's planner only; printed by the CLI. Instances appear for every effect
 * that they feel, with the reason.
 */
import * as z from "zod";
import { InstanceId, PoolId, TenantId } from "../ids.ts";

/**
 * What happens to a thing. `create` brings it new, `change` alters its definition, `start` and
 * `stop` are asked of an instance, `restart` is a stop and a start, `pending` is what a running
 * instance sees at its next start. `release`: it vanished from the fleet; its instances stop and
 * keep their data. Nothing here erases data.
 */
export const fleetActions = ["create", "change", "start", "stop", "restart", "pending", "release"] as const;

export const FleetChange = z.object({
  action: z.enum(fleetActions),
  kind: z.enum(["tenant", "pool", "instance"]),
  tenant_id: TenantId,
  pool_id: PoolId.nullable(),
  instance_id: InstanceId.nullable(),
  /** Why, and what becomes of the data where that is in question. */
  reason: z.string(),
});
export type FleetChange = z.infer<typeof FleetChange>;

export const FleetPlan = z.object({
  /** Version of the fleet that the plan starts from; 0: none was ever applied. */
  from_version: z.int().min(0),
  changes: z.array(FleetChange),
});
export type FleetPlan = z.infer<typeof FleetPlan>;
