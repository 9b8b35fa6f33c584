/** `status`: the guest's whole view of itself. Untrusted on the host; every field is capped. */
import * as z from "zod";
import { ConnectorReport, HandlerFailure, HandlerReport } from "./handler-report.ts";
import { GuestSentence, GuestTimeMs, GuestWord } from "./text.ts";

/** /run/mvm/drives.json, written by the mount script before any application starts. */
export const DrivesDocument = z.discriminatedUnion("ok", [
  z.object({
    ok: z.literal(true),
    secrets: z.boolean(),
    config: z.boolean(),
    /** `formatted`: this boot made the file system; `none`: the type has no data drive. */
    data: z.enum(["formatted", "mounted", "none"]),
  }),
  z.object({ ok: z.literal(false), drive: GuestWord, reason: GuestSentence }),
]);
export type DrivesDocument = z.infer<typeof DrivesDocument>;

/** One systemd unit, in systemd's own words. */
export const ServiceReport = z.object({
  name: GuestWord,
  active_state: GuestWord,
  sub_state: GuestWord,
  result: GuestWord,
  /** 0 while there is none. */
  main_pid: z.int().min(0),
  restarts: z.int().min(0),
  /** Exit status of the last main process. */
  exit_status: z.int(),
});
export type ServiceReport = z.infer<typeof ServiceReport>;

export const HealthResult = z.object({
  /** Whether the drives are in place and every handler is ready. */
  ready: z.boolean(),
  reason: GuestSentence,
  failure: HandlerFailure.nullable(),
});
export type HealthResult = z.infer<typeof HealthResult>;

export const StatusResult = z.object({
  agent_version: GuestWord,
  boot_id: z.uuid(),
  now_ms: GuestTimeMs,
  uptime_seconds: z.number().min(0),
  /** Averages over 1, 5 and 15 minutes. */
  load: z.array(z.number().min(0)).length(3),
  memory: z.object({ total_kib: z.int().min(0), available_kib: z.int().min(0) }),
  /** Null while the mount script has not finished. */
  drives: DrivesDocument.nullable(),
  services: z.array(ServiceReport).max(32),
  handlers: z.array(HandlerReport).max(16),
  /** What follows from the rest. Missing from a guest of version 1, which is asked for `health`. */
  health: HealthResult.optional(),
  /** What the connectors said last, up to a minute old. Missing from a guest of version 1, like `health`. */
  connectors: z.array(ConnectorReport).max(32).optional(),
});
export type StatusResult = z.infer<typeof StatusResult>;
