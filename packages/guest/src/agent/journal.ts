/**
 * Pages of the guest's journal for `logs` and for the handlers that read why an application failed.
 * The question as argv and the answer's parser are pure; a page always fits a line of the channel.
 */
import * as z from "zod";
import { LogCursor, MAX_LOG_MESSAGE_CHARS, type LogEntry, type LogsParams, type LogsResult } from "../protocol/logs.ts";
import type { BoundedCommands } from "./ports.ts";

/** What all messages of a page may take as JSON, leaving room for the frame around them. */
const PAGE_BUDGET_BYTES = 200 * 1024;
const FIELDS = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER";

export function journalArgv({ cursor, limit, unit }: LogsParams): readonly [string, ...string[]] {
  return [
    "journalctl",
    "--output=json",
    `--output-fields=${FIELDS}`,
    "--all",
    "--quiet",
    "--no-pager",
    ...(cursor === undefined ? [`--lines=${limit}`] : [`--after-cursor=${cursor}`]),
    ...(unit === undefined ? [] : [`--unit=${unit}`]),
  ];
}

const JournalLine = z.object({
  __CURSOR: LogCursor,
  __REALTIME_TIMESTAMP: z.string().regex(/^\d{1,16}$/),
  /** A string; an array of bytes when it is not UTF-8; an array of strings when the field came twice. */
  MESSAGE: z.union([z.string(), z.array(z.number()), z.array(z.string())]).nullish(),
  PRIORITY: z
    .string()
    .regex(/^[0-7]$/)
    .catch("6"),
  _SYSTEMD_UNIT: z.string().optional().catch(undefined),
  SYSLOG_IDENTIFIER: z.string().optional().catch(undefined),
});

interface Read {
  readonly cursor: string;
  readonly entry: LogEntry;
}

/** One line of journalctl's JSON, or null when it is not one. */
export function parseJournalLine(line: string): Read | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const decoded = JournalLine.safeParse(value);
  if (!decoded.success) return null;
  const { data } = decoded;
  return {
    cursor: data.__CURSOR,
    entry: {
      time_us: Number(data.__REALTIME_TIMESTAMP),
      unit: (data._SYSTEMD_UNIT ?? data.SYSLOG_IDENTIFIER ?? "").slice(0, 64),
      priority: Number(data.PRIORITY),
      message: messageText(data.MESSAGE).slice(0, MAX_LOG_MESSAGE_CHARS),
    },
  };
}

/**
 * The page that fits. After a cursor it keeps the oldest entries, because the rest follows on the
 * next page; without one the newest, because nobody asks for older ones.
 */
export function pageOf(reads: readonly Read[], request: LogsParams): LogsResult {
  const fromOldest = request.cursor !== undefined;
  const ordered = fromOldest ? reads : reads.toReversed();
  let bytes = 0;
  const taken: Read[] = [];
  for (const read of ordered) {
    bytes += Buffer.byteLength(JSON.stringify(read.entry)) + 1;
    if (taken.length >= request.limit || bytes > PAGE_BUDGET_BYTES) break;
    taken.push(read);
  }
  const page = fromOldest ? taken : taken.toReversed();
  return {
    entries: page.map((read) => read.entry),
    cursor: page.at(-1)?.cursor ?? request.cursor ?? null,
    more: fromOldest && taken.length < reads.length,
  };
}

/** Reads one page. An unreadable journal is an empty page. */
export async function readJournal(commands: BoundedCommands, request: LogsParams): Promise<LogsResult> {
  const outcome = await commands.run({
    argv: journalArgv(request),
    timeoutMs: 30_000,
    maxOutputBytes: 4 * 1024 * 1024,
    maxLines: request.limit + 1,
  });
  const reads = outcome.stdout
    .split("\n")
    .map(parseJournalLine)
    .filter((read) => read !== null);
  return pageOf(reads, request);
}

function messageText(message: string | number[] | string[] | null | undefined): string {
  if (message === null || message === undefined) return "";
  if (typeof message === "string") return message;
  return message.map((part) => (typeof part === "number" ? String.fromCharCode(part & 0xff) : part)).join("");
}
