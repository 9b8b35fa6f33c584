/** An instance's log lines from its guest or of its VM, made safe to print. Caps and shapes are the route's. */
import { isoTime } from "@mvm/core";
import type { LogEntry } from "@mvm/guest";
import type { GuestChannel } from "../guests/guest-channels.ts";
import { plainText } from "../guests/plain-text.ts";
import type { InstanceOutput } from "../instance-output.ts";
import type { LogLine, LogsAnswer, LogsQuery } from "./agent-routes.ts";

const REQUEST_TIMEOUT_MS = 20_000;

/** A page of the guest's journal. @throws MvmError MVM_GUEST_* */
export async function guestLogs(
  guest: GuestChannel,
  { cursor, limit }: LogsQuery,
  signal: AbortSignal,
): Promise<LogsAnswer> {
  const params = { limit, ...(cursor === undefined ? {} : { cursor }) };
  const page = await guest.request("logs", params, { timeoutMs: REQUEST_TIMEOUT_MS, signal });
  const lines = page.entries.map(lineOf);
  return { source: "guest-journal", lines, ended_at: null, cursor: page.cursor, more: page.more };
}

/** The last lines of what a VM said. */
export function outputLogs({ source, bytes, endedAt }: InstanceOutput, { limit }: LogsQuery): LogsAnswer {
  const lines = plainText(bytes.toString("utf8"), "\n\r\t")
    .split(/\r?\n/)
    .map((line) => line.replaceAll("\r", "\\x0d"))
    .filter((line) => line !== "");
  return {
    source,
    lines: lines.slice(-limit).map((message) => ({ at: null, unit: source, priority: null, message })),
    ended_at: endedAt,
    cursor: null,
    more: false,
  };
}

function lineOf({ time_us, unit, priority, message }: LogEntry): LogLine {
  const atMs = Math.min(Math.floor(time_us / 1000), LAST_MS);
  return { at: isoTime(atMs), unit: plainText(unit), priority, message: plainText(message, "\t") };
}

/** The last millisecond of the year 9999, beyond which a time can't be written. */
const LAST_MS = 253_402_300_799_999;
