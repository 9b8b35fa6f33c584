/**
 * /etc/mvm-config/instance.json: who this guest is and what it looks after. Written onto the config
 * drive by the host's agent, read by the agent inside the guest; never holds a secret.
 */
import { InstanceId, PoolId, TenantId, TypeName } from "@mvm/core";
import * as z from "zod";

/** Where the document stands inside the guest, and its path on the config drive. */
export const INSTANCE_DOCUMENT_PATH = "/etc/mvm-config/instance.json";
export const INSTANCE_DOCUMENT_NAME = "instance.json";

const guestName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9@._-]*$/);

export const InstanceDocument = z.object({
  schema_version: z.literal(1),
  instance_id: InstanceId,
  tenant_id: TenantId,
  pool_id: PoolId,
  role: TypeName,
  profile: TypeName,
  config_version: z.int().min(0),
  guest_handlers: z.array(guestName).max(16),
  services: z.array(guestName).max(32),
  network: z.object({ address: z.ipv4(), prefix_length: z.int().min(8).max(30), gateway: z.ipv4() }).nullable(),
});
export type InstanceDocument = z.infer<typeof InstanceDocument>;
