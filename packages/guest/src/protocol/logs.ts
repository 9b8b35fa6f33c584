/**
 * `logs`: the guest's journal, a page at a time from a cursor. Messages are the guest's own bytes:
 * whoever prints them on a terminal must escape them first.
 */
import * as z from "zod";
import { GuestWord } from "./text.ts";

export const MAX_LOG_ENTRIES = 500;
export const MAX_LOG_MESSAGE_CHARS = 4000;

/** The journal's own cursor: opaque, but of a known alphabet, because it becomes an argument. */
export const LogCursor = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9][A-Za-z0-9=;_-]*$/);

const UnitName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9@._-]*$/);

export const LogsParams = z.object({
  /** Entries after this one; without it the newest. */
  cursor: LogCursor.optional(),
  limit: z.int().min(1).max(MAX_LOG_ENTRIES).default(200),
  /** Only of this unit. */
  unit: UnitName.optional(),
});
export type LogsParams = z.infer<typeof LogsParams>;

export const LogEntry = z.object({
  /** Microseconds since 1970, as the guest's clock had it. */
  time_us: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  unit: GuestWord,
  /** Syslog's levels: 0 emergency to 7 debug. */
  priority: z.int().min(0).max(7),
  message: z.string().max(MAX_LOG_MESSAGE_CHARS),
});
export type LogEntry = z.infer<typeof LogEntry>;

export const LogsResult = z.object({
  entries: z.array(LogEntry).max(MAX_LOG_ENTRIES),
  /** Where the next page begins; null when the journal is empty. */
  cursor: LogCursor.nullable(),
  /** Whether there was more than fitted. */
  more: z.boolean(),
});
export type LogsResult = z.infer<typeof LogsResult>;
