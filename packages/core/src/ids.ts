/**
 * Every identifier that crosses a package edge, as a branded string with its parser.
 *
 * Called wherever an id enters the program (files, HTTP, database rows). An id that carries its
 * brand was checked once and may be used in paths, device names and argv without further thought.
 * This file must never do I/O.
 */
import * as z from "zod";

const ID_HINT = "lower-case letters, digits and '-', beginning with a letter";

/** A tenant: 1 to 31 characters, `[a-z][a-z0-9-]*`, not ending in `-`. */
export const TenantId = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$/, `a tenant id is 1 to 31 ${ID_HINT}`)
  .brand<"TenantId">();
export type TenantId = z.infer<typeof TenantId>;

/** A pool inside a tenant: 1 to 16 characters, `[a-z][a-z0-9]*`; no `-`, so that instance ids parse one way only. */
export const PoolId = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,15}$/, "a pool id is 1 to 16 lower-case letters and digits, beginning with a letter")
  .brand<"PoolId">();
export type PoolId = z.infer<typeof PoolId>;

/** `<tenant>-<pool>-<n>`, at most 54 characters: fits a jail's socket path (facts of Firecracker's jailer). */
export const InstanceId = z
  .string()
  .max(54)
  .regex(
    /^[a-z][a-z0-9-]*-[a-z][a-z0-9]{0,15}-(?:0|[1-9][0-9]{0,3})$/,
    "an instance id is <tenant>-<pool>-<number>, such as acme-gw-0",
  )
  .brand<"InstanceId">();
export type InstanceId = z.infer<typeof InstanceId>;

/** A node: 1 to 63 characters, as a host name's label. */
export const NodeId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "a node's name is 1 to 63 lower-case letters, digits and '-'")
  .brand<"NodeId">();
export type NodeId = z.infer<typeof NodeId>;

/** The name of a role or of a profile as declared in configuration. */
export const TypeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, `a role or profile name is 1 to 40 ${ID_HINT}`)
  .brand<"TypeName">();
export type TypeName = z.infer<typeof TypeName>;

/** The content hash that names an image: 16 hexadecimal digits. */
export const RevisionId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "a revision is 16 hexadecimal digits")
  .brand<"RevisionId">();
export type RevisionId = z.infer<typeof RevisionId>;

/** A secret's name inside its tenant, dotted: `gateway.token`, `telegram.token`. */
export const SecretName = z
  .string()
  .regex(
    /^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*){0,3}$/,
    "a secret's name is dotted lower-case words, such as telegram.token",
  )
  .brand<"SecretName">();
export type SecretName = z.infer<typeof SecretName>;

/** The instance's id from its parts. */
export function instanceId(tenant: TenantId, pool: PoolId, number: number): InstanceId {
  return InstanceId.parse(`${tenant}-${pool}-${number}`);
}

/** The parts of an instance's id; unambiguous because pool ids hold no `-`. */
export function splitInstanceId(id: InstanceId): { tenant: TenantId; pool: PoolId; number: number } {
  const numberAt = id.lastIndexOf("-");
  const poolAt = id.lastIndexOf("-", numberAt - 1);
  return {
    tenant: TenantId.parse(id.slice(0, poolAt)),
    pool: PoolId.parse(id.slice(poolAt + 1, numberAt)),
    number: Number(id.slice(numberAt + 1)),
  };
}
