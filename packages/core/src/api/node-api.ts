/**
 * The node API: how an agent gets its spec and delivers its status and audit entries.
 *
 * Served by the coordinator on its Unix socket (later over mutual TLS), called by the agent's
 * coordinator client. Both directions are level-triggered: a lost request costs nothing but time.
 */
import * as z from "zod";
import { AuditEntry } from "../audit/entry.ts";
import { TenantId } from "../ids.ts";
import { NodeSpec } from "../spec/node-spec.ts";
import { NodeStatus } from "../spec/node-status.ts";
import { apiRoute } from "./route.ts";

/** The longest that a server holds back an answer, milliseconds. */
export const MAX_WAIT_MS = 60_000;
/** Entries in one delivery; an agent with more delivers again. */
export const MAX_AUDIT_BATCH = 500;

const STATUS_MAX_BYTES = 16 * 1024 * 1024;

/** How long an answer may be held back until there is something new; 0: not at all. */
export const waitMs = z.coerce.number().int().min(0).max(MAX_WAIT_MS).default(0);

export const SpecQuery = z.object({
  /** Generation that the agent has; the answer comes at once when the coordinator's is another one. */
  after: z.coerce.number().int().min(-1).default(-1),
  wait_ms: waitMs,
});

export const SpecAnswer = z.object({
  /** Null: still the generation that the agent has. */
  spec: NodeSpec.nullable(),
});
export type SpecAnswer = z.infer<typeof SpecAnswer>;

/**
 * A status with the audit entries that the coordinator has not acknowledged yet: of each chain
 * (this node's entries of one tenant, or of none) a run without gaps, chains in any order.
 */
export const StatusDelivery = z.object({
  status: NodeStatus,
  audit: z.array(AuditEntry).max(MAX_AUDIT_BATCH),
});
export type StatusDelivery = z.infer<typeof StatusDelivery>;

/** How far the coordinator holds one chain. */
export const ChainHead = z.object({
  tenant_id: TenantId.nullable(),
  /** Sequence of the newest entry that it holds; 0: none. The agent goes on behind it. */
  acknowledged: z.int().min(0),
  /** Why the delivered entries were not taken; null when they were. */
  problem: z.string().nullable(),
});
export type ChainHead = z.infer<typeof ChainHead>;

export const StatusAnswer = z.object({
  /** Generation of the spec now in force: another one than observed means that there is a spec to get. */
  generation: z.int(),
  /** One for each chain of the delivery. */
  chains: z.array(ChainHead),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;

export const nodeRoutes = {
  /** The node's spec; held back up to `wait_ms` while its generation is `after`. */
  getSpec: apiRoute({ method: "GET", path: "/v1/nodes/:node/spec", query: SpecQuery, body: null, answer: SpecAnswer }),
  /** The full roster of what the node holds. */
  putStatus: apiRoute({
    method: "PUT",
    path: "/v1/nodes/:node/status",
    query: z.object({}),
    body: StatusDelivery,
    answer: StatusAnswer,
    maxBodyBytes: STATUS_MAX_BYTES,
  }),
} as const;
