/**
 * The fleet file: what the operator wants to exist (design §4). TOML; read by `loadFleet`, applied
 * by the coordinator. Addresses, network ids, MACs and tap names are not the operator's to give.
 */
import * as z from "zod";
import { PoolId, RevisionId, TenantId, TypeName } from "../ids.ts";
import { Resources } from "../types/declarations.ts";

/** How many instances a pool has: the sum exists, `running` are kept awake. Warm and sleeping arrive with sleep. */
export const DesiredCounts = z.strictObject({
  running: z.int().min(0).max(1000).default(0),
});

export const EgressRule = z.strictObject({
  /** An IPv4 address or range. */
  cidr: z.union([z.cidrv4(), z.ipv4()]),
  port: z.int().min(1).max(65535),
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
});
export type EgressRule = z.infer<typeof EgressRule>;

/** `deny`: no way out. `allow-list`: only what stands in `allow`. */
export const Egress = z.discriminatedUnion("policy", [
  z.strictObject({ policy: z.literal("deny") }),
  z.strictObject({ policy: z.literal("allow-list"), allow: z.array(EgressRule).min(1) }),
]);
export type Egress = z.infer<typeof Egress>;

/** The model service that the tenant's gateways call; its key is the secret `model.key`. */
export const ModelSettings = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }),
  api: z.enum(["openai-completions", "openai-responses", "anthropic-messages"]).default("openai-completions"),
  model: z.string().min(1).max(200),
  context_window: z.int().min(1024).default(128_000),
  max_tokens: z.int().min(1).default(8192),
});
export type ModelSettings = z.infer<typeof ModelSettings>;

/** Channels that the tenant wants; each is enabled only when what it needs is there. */
export const ConnectorSettings = z.strictObject({
  telegram: z
    .strictObject({
      dm_policy: z.enum(["pairing", "allowlist", "open", "disabled"]).default("pairing"),
      allow_from: z.array(z.string()).default([]),
    })
    .optional(),
  whatsapp: z
    .strictObject({
      dm_policy: z.enum(["pairing", "allowlist", "open", "disabled"]).default("allowlist"),
      allow_from: z.array(z.string()).default([]),
    })
    .optional(),
});
export type ConnectorSettings = z.infer<typeof ConnectorSettings>;

export const FleetPool = z.strictObject({
  pool_id: PoolId,
  role: TypeName,
  profile: TypeName,
  /** `latest`: the newest image when the fleet is applied; or one revision. */
  revision: z.union([z.literal("latest"), RevisionId]).default("latest"),
  /** Missing parts come from the profile's defaults. */
  resources: Resources.partial().prefault({}),
  desired_counts: DesiredCounts,
});
export type FleetPool = z.infer<typeof FleetPool>;

export const FleetTenant = z.strictObject({
  tenant_id: TenantId,
  egress: Egress.default({ policy: "deny" }),
  model: ModelSettings.optional(),
  connectors: ConnectorSettings.prefault({}),
  pools: z.array(FleetPool).max(64),
});
export type FleetTenant = z.infer<typeof FleetTenant>;

export const Fleet = z.strictObject({
  schema_version: z.literal(1),
  tenants: z.array(FleetTenant).max(10_000).default([]),
});
export type Fleet = z.infer<typeof Fleet>;
