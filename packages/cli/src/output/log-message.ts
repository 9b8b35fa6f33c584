/**
 * A log line of a guest as people read it: one that is a JSON object, as OpenClaw's services write
 * them, is unpacked. What it holds is the guest's word: JSON can carry control characters that its
 * raw text did not show, so they are escaped after unpacking. Pure.
 */
import { plainText } from "@mvm/agent";
import * as z from "zod";

/** As long as a raw message may be. */
const MAX_CHARS = 4000;
const MAX_VALUE_CHARS = 80;
/** The line has a time of its own already. */
const TIMES: ReadonlySet<string> = new Set(["time", "timestamp", "ts", "date"]);

const LogObject = z.looseObject({
  level: z.string().optional(),
  subsystem: z.string().optional(),
  event: z.string().optional(),
  message: z.string().optional(),
});

/** `warn gateway/ws: closed code=1006`; a line that is not such JSON stays as it is. */
export function logMessage(message: string): string {
  const unpacked = LogObject.safeParse(parsed(message)).data;
  if (unpacked === undefined) return message;
  const { level, subsystem, event, message: text, ...rest } = unpacked;
  if (text === undefined && event === undefined) return message;
  const source = subsystem ?? (text === undefined ? undefined : event);
  const others: Readonly<Record<string, unknown>> = {
    ...(subsystem !== undefined && text !== undefined ? { event } : {}),
    ...rest,
  };
  const fields = Object.entries(others)
    .filter(([name, value]) => value !== undefined && value !== null && !TIMES.has(name))
    .map(([name, value]) => `${name}=${valueText(value)}`);
  const words = [level, source === undefined ? undefined : `${source}:`, text ?? event, ...fields];
  return plainText(words.filter((word) => word !== undefined).join(" "), "\t").slice(0, MAX_CHARS);
}

function parsed(message: string): unknown {
  if (!message.startsWith("{")) return null;
  try {
    return JSON.parse(message);
  } catch {
    return null;
  }
}

function valueText(value: unknown): string {
  const text = typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
