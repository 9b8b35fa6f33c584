/**
 * The node's spec: what the coordinator wants of one node, complete, with a generation.
 *
 * Made by the coordinator only; agents obey it and invent nothing. Secrets travel sealed under the
 * tenant's key. Wire document: field names are the contract (design §4, fleet file).
 */
import * as z from "zod";
import { ConnectorSettings, Egress, ModelSettings } from "../fleet/schema.ts";
import { InstanceId, NodeId, PoolId, RevisionId, SecretName, TenantId, TypeName } from "../ids.ts";
import { Resources } from "../types/declarations.ts";
import { ResolvedType } from "../types/resolved-type.ts";

/** A manual override with an end (design §4). Hard: nothing automatic changes the state. Soft: only demand may. */
export const Hold = z.object({
  kind: z.enum(["hard", "soft"]),
  /** The state that the operator asked for. */
  wanted: z.enum(["running", "stopped"]),
  /** When it ends, ISO 8601; null: until released. */
  until: z.iso.datetime().nullable(),
  /** Who asked, as claimed by the client. */
  by: z.string().max(200),
  since: z.iso.datetime(),
});
export type Hold = z.infer<typeof Hold>;

export const InstanceSpec = z.object({
  instance_id: InstanceId,
  number: z.int().min(0),
  ipv4: z.ipv4(),
  mac: z.string().regex(/^02(?::[0-9a-f]{2}){5}$/),
  tap: z.string().regex(/^[a-z][a-z0-9]{0,14}$/),
  /** UUID of the data drive's file system. */
  volume_uuid: z.uuid(),
  /** Loopback port on the node, when the role exposes ingress. */
  ingress_port: z.int().nullable(),
  /** Whether the counts want it to exist awake; beyond the counts it stays stopped with its data. */
  wanted: z.enum(["running", "stopped", "destroyed"]),
  hold: Hold.nullable(),
});
export type InstanceSpec = z.infer<typeof InstanceSpec>;

export const PoolSpec = z.object({
  pool_id: PoolId,
  role: TypeName,
  profile: TypeName,
  revision: RevisionId,
  type_hash: z.string(),
  resources: Resources,
  desired_counts: z.object({ running: z.int() }),
  instances: z.array(InstanceSpec),
});
export type PoolSpec = z.infer<typeof PoolSpec>;

/** The /30 between the host and the tenant's namespace. Present only when something needs it. */
export const Uplink = z.object({
  host_interface: z.string().regex(/^[a-z][a-z0-9]{0,14}$/),
  namespace_interface: z.string().regex(/^[a-z][a-z0-9]{0,14}$/),
  host_ipv4: z.ipv4(),
  namespace_ipv4: z.ipv4(),
});
export type Uplink = z.infer<typeof Uplink>;

export const TenantNetworkSpec = z.object({
  tenant_net_id: z.int().min(1),
  ipv4_subnet: z.cidrv4(),
  /** The bridge's own address: the guests' gateway. */
  bridge_ipv4: z.ipv4(),
  namespace: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  uplink: Uplink.nullable(),
  egress: Egress,
});
export type TenantNetworkSpec = z.infer<typeof TenantNetworkSpec>;

/** A value sealed under the tenant's key (`keys/seal.ts`), base64. */
export const SealedValue = z.string().max(100_000);

export const TenantSpec = z.object({
  tenant_id: TenantId,
  /** `destroyed`: once its instances are gone its network and directories go too. Absence from a spec destroys nothing. */
  wanted: z.enum(["present", "destroyed"]).default("present"),
  network: TenantNetworkSpec,
  secrets_epoch: z.int().min(0),
  secrets: z.record(SecretName, SealedValue),
  /**
   * Rises with every change of what the config drives hold beside their type: model, connectors, and
   * the tenant's other instances as guest handlers see them.
   */
  config_version: z.int().min(1),
  model: ModelSettings.nullable(),
  connectors: ConnectorSettings,
  pools: z.array(PoolSpec),
});
export type TenantSpec = z.infer<typeof TenantSpec>;

export const NodeSpec = z.object({
  schema_version: z.literal(1),
  node: NodeId,
  generation: z.int().min(0),
  /** Effective-meaning hash of the coordinator's config. */
  config_hash: z.string(),
  /** By `type_hash`. */
  types: z.record(z.string(), ResolvedType),
  tenants: z.array(TenantSpec),
});
export type NodeSpec = z.infer<typeof NodeSpec>;
