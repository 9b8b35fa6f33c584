/**
 * The operator API: what the CLI (and later the console) asks of the coordinator.
 *
 * Served on a Unix socket that only root opens. A command is a change of the spec; who wants to see
 * its effect waits on the views: every list takes `after_revision` and `wait_ms` and is answered
 * when anything changed. `claimed_by` is who the client says asks (SUDO_USER, login uid): a claim.
 */
import * as z from "zod";
import { Cause } from "../audit/entry.ts";
import { Fleet } from "../fleet/schema.ts";
import { InstanceId, NodeId, TenantId } from "../ids.ts";
import { FleetPlan } from "./fleet-plan.ts";
import { waitMs } from "./node-api.ts";
import { apiRoute } from "./route.ts";
import { AuditRecord, FleetView, InstanceView, NodeView, PoolView, SecretView, TenantView } from "./views.ts";

const MIB = 1024 * 1024;
const FLEET_MAX_BYTES = 16 * MIB;
/** An apply makes a key and an allocation for each new tenant. */
const FLEET_TIMEOUT_MS = 300_000;
const MAX_SECRET_CHARACTERS = 16 * 1024;
const MAX_AUDIT_PAGE = 1000;

const claimedBy = z.string().min(1).max(200);
const noQuery = z.object({});

/** Long poll: the answer is held back up to `wait_ms` while the store's revision is `after_revision`. */
const WatchQuery = z.object({ after_revision: z.coerce.number().int().min(-1).default(-1), wait_ms: waitMs });
const watched = <Shape extends z.ZodRawShape>(shape: Shape) => z.object({ revision: z.int(), ...shape });

export const FleetRequest = z.object({ fleet: Fleet });
export type FleetRequest = z.infer<typeof FleetRequest>;

export const FleetApplyRequest = FleetRequest.extend({
  /** SHA-256 of the file's bytes. */
  source_hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Version that the operator has seen: another one in force is MVM_FLEET_CONFLICT. Null: whatever it is. */
  expected_version: z.int().min(0).nullable(),
  claimed_by: claimedBy,
});
export type FleetApplyRequest = z.infer<typeof FleetApplyRequest>;

export const FleetApplyAnswer = z.object({
  plan: FleetPlan,
  version: z.int(),
  /** Generation of each node's spec that holds the fleet; wait until it is observed. */
  generations: z.array(z.object({ node: NodeId, generation: z.int() })),
});
export type FleetApplyAnswer = z.infer<typeof FleetApplyAnswer>;

/** One thing that is wrong with a fleet, as in `details.problems` of the error; the client knows the path's line. */
export const FleetProblem = z.object({
  code: z.string(),
  /** Where in the fleet: `tenants[1].pools[0].resources.mem_mib`. */
  path: z.string(),
  value: z.unknown(),
  message: z.string(),
  remedy: z.string(),
});
export type FleetProblem = z.infer<typeof FleetProblem>;

export const CommandRequest = z.object({ claimed_by: claimedBy });

export const InstanceCommandAnswer = z.object({
  instance: InstanceView,
  /** Generation of its node's spec that holds the command. */
  generation: z.int(),
  /** What the operator should know of it, when there is something: that the counts bring it back. */
  note: z.string().nullable(),
});
export type InstanceCommandAnswer = z.infer<typeof InstanceCommandAnswer>;

export const TenantCommandAnswer = z.object({
  tenant_id: TenantId,
  generations: z.array(z.object({ node: NodeId, generation: z.int() })),
});
export type TenantCommandAnswer = z.infer<typeof TenantCommandAnswer>;

export const AuditQuery = z.object({
  tenant: TenantId.optional(),
  instance: InstanceId.optional(),
  cause: Cause.optional(),
  /** A node, or `coordinator`. */
  writer: z.string().max(63).optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  /** Only records before this one: the page after the one that ended with it. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_AUDIT_PAGE).default(100),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

export const operatorRoutes = {
  getFleet: apiRoute({ method: "GET", path: "/v1/fleet", query: noQuery, body: null, answer: FleetView }),
  planFleet: apiRoute({
    method: "POST",
    path: "/v1/fleet/plan",
    query: noQuery,
    body: FleetRequest,
    answer: FleetPlan,
    maxBodyBytes: FLEET_MAX_BYTES,
    timeoutMs: FLEET_TIMEOUT_MS,
  }),
  applyFleet: apiRoute({
    method: "POST",
    path: "/v1/fleet/apply",
    query: noQuery,
    body: FleetApplyRequest,
    answer: FleetApplyAnswer,
    maxBodyBytes: FLEET_MAX_BYTES,
    timeoutMs: FLEET_TIMEOUT_MS,
  }),

  listTenants: apiRoute({
    method: "GET",
    path: "/v1/tenants",
    query: WatchQuery,
    body: null,
    answer: watched({ tenants: z.array(TenantView) }),
  }),
  getTenant: apiRoute({
    method: "GET",
    path: "/v1/tenants/:tenant",
    query: WatchQuery,
    body: null,
    answer: watched({ tenant: TenantView }),
  }),
  /** Erases: instances, data, network, secrets, key. Goes on in the background until the agents report it gone. */
  destroyTenant: apiRoute({
    method: "POST",
    path: "/v1/tenants/:tenant/destroy",
    query: noQuery,
    body: CommandRequest,
    answer: TenantCommandAnswer,
  }),

  listPools: apiRoute({
    method: "GET",
    path: "/v1/pools",
    query: WatchQuery.extend({ tenant: TenantId.optional() }),
    body: null,
    answer: watched({ pools: z.array(PoolView) }),
  }),

  listInstances: apiRoute({
    method: "GET",
    path: "/v1/instances",
    query: WatchQuery.extend({ tenant: TenantId.optional(), node: NodeId.optional() }),
    body: null,
    answer: watched({ instances: z.array(InstanceView) }),
  }),
  getInstance: apiRoute({
    method: "GET",
    path: "/v1/instances/:instance",
    query: WatchQuery,
    body: null,
    answer: watched({ instance: InstanceView }),
  }),
  /** A soft hold that wants it running. */
  startInstance: apiRoute({
    method: "POST",
    path: "/v1/instances/:instance/start",
    query: noQuery,
    body: CommandRequest,
    answer: InstanceCommandAnswer,
  }),
  /** A hard hold that wants it stopped. */
  stopInstance: apiRoute({
    method: "POST",
    path: "/v1/instances/:instance/stop",
    query: noQuery,
    body: CommandRequest,
    answer: InstanceCommandAnswer,
  }),
  /** Erases the instance and its data; the counts may bring its number back, new and empty. */
  destroyInstance: apiRoute({
    method: "POST",
    path: "/v1/instances/:instance/destroy",
    query: noQuery,
    body: CommandRequest,
    answer: InstanceCommandAnswer,
  }),

  listNodes: apiRoute({
    method: "GET",
    path: "/v1/nodes",
    query: WatchQuery,
    body: null,
    answer: watched({ nodes: z.array(NodeView) }),
  }),
  getNode: apiRoute({
    method: "GET",
    path: "/v1/nodes/:node",
    query: WatchQuery,
    body: null,
    answer: watched({ node: NodeView }),
  }),

  /** Newest first. */
  listAudit: apiRoute({
    method: "GET",
    path: "/v1/audit",
    query: AuditQuery,
    body: null,
    answer: z.object({
      records: z.array(AuditRecord),
      /** Give as `before` for the next page; null: there is none. */ next_before: z.int().nullable(),
    }),
  }),

  listSecrets: apiRoute({
    method: "GET",
    path: "/v1/tenants/:tenant/secrets",
    query: noQuery,
    body: null,
    answer: z.object({ secrets_epoch: z.int(), secrets: z.array(SecretView) }),
  }),
  /** The only body that holds a secret in the clear. */
  setSecret: apiRoute({
    method: "PUT",
    path: "/v1/tenants/:tenant/secrets/:name",
    query: noQuery,
    body: z.object({ value: z.string().min(1).max(MAX_SECRET_CHARACTERS), claimed_by: claimedBy }),
    answer: z.object({ secrets_epoch: z.int(), secret: SecretView }),
    maxBodyBytes: 128 * 1024,
  }),
} as const;
