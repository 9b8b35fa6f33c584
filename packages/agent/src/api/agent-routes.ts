/**
 * The agent's own API as data: what it can tell of its node without the coordinator. Served on a
 * Unix socket that only root opens; called by the CLI. It changes nothing.
 */
import { apiRoute, AuditEntry, InstanceStatus, NodeStatus } from "@mvm/core";
import { OUTPUT_SOURCES } from "@mvm/runtime";
import * as z from "zod";

const MAX_LOG_ENTRIES = 500;
const nothing = z.object({});

export const InstanceAnswer = z.object({
  status: InstanceStatus,
  /** The newest audit entries of it on this node, newest first. */
  events: z.array(AuditEntry),
});
export type InstanceAnswer = z.infer<typeof InstanceAnswer>;

export const LogsQuery = z.object({
  /** `guest`: the guest's journal. `console`: what its VM, or its last one, said last. */
  source: z.enum(["guest", "console"]).default("guest"),
  /** Of the guest's journal only: entries after the one that an earlier answer ended with. */
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LOG_ENTRIES).default(200),
});
export type LogsQuery = z.infer<typeof LogsQuery>;

/** A line as the guest wrote it, made safe to print: control characters are shown, not done. */
export const LogLine = z.object({
  /** By the guest's clock; null where the source tells no time. */
  at: z.iso.datetime().nullable(),
  unit: z.string(),
  /** Syslog's levels, 0 to 7; null where the source knows none. */
  priority: z.int().nullable(),
  message: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

export const LogsAnswer = z.object({
  /** Whose words these are: where a guest has no console its VMM's log stands for it. */
  source: z.enum(["guest-journal", ...OUTPUT_SOURCES]),
  lines: z.array(LogLine),
  /** Of a VM's output: when the VM ended; null: it runs. */
  ended_at: z.iso.datetime().nullable().default(null),
  /** Give it back to go on from here; null: the source can't be followed. */
  cursor: z.string().nullable(),
  /** Whether there is more already. */
  more: z.boolean(),
});
export type LogsAnswer = z.infer<typeof LogsAnswer>;

export const agentRoutes = {
  getStatus: apiRoute({ method: "GET", path: "/v1/status", query: nothing, body: null, answer: NodeStatus }),
  getInstance: apiRoute({
    method: "GET",
    path: "/v1/instances/:instance",
    query: nothing,
    body: null,
    answer: InstanceAnswer,
  }),
  getLogs: apiRoute({
    method: "GET",
    path: "/v1/instances/:instance/logs",
    query: LogsQuery,
    body: null,
    answer: LogsAnswer,
  }),
} as const;
