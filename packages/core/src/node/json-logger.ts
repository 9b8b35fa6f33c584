/** The log port as JSON lines to a sink, usually standard error. */
import type { Clock } from "../ports/clock.ts";
import { isoTime } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** @param write receives one line at a time, without its newline */
export function jsonLogger(
  write: (line: string) => void,
  clock: Clock,
  fields: Readonly<Record<string, unknown>> = {},
): Logger {
  const line = (level: string) => (event: string, more?: Readonly<Record<string, unknown>>) =>
    write(JSON.stringify({ time: isoTime(clock.nowMs()), level, event, ...fields, ...more }));
  return {
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (more) => jsonLogger(write, clock, { ...fields, ...more }),
  };
}
