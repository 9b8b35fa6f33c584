/**
 * The logs of the quickstart's servers: one file each, put aside at a start once it has grown, so that
 * a server has two of them at most; and their last lines, for an error that needs them.
 */
import { join } from "node:path";
import { type EffectiveConfig, type Files, messageOf } from "@mvm/core";
import type { ServerName } from "./server-records.ts";

const MAX_LOG_BYTES = 1024 * 1024;
/** Enough for the lines that are shown, whatever stands in them. */
const TAIL_BYTES = 64 * 1024;
const TAIL_LINES = 12;

export function logPath(config: EffectiveConfig, name: ServerName): string {
  return join(config.node.state_dir, `${name}.log`);
}

/** Before a start: a log that has grown takes the place of the one put aside before it. */
export async function rotateLog(files: Pick<Files, "stat" | "rename">, path: string): Promise<void> {
  const facts = await files.stat(path);
  if (facts !== null && facts.sizeBytes > MAX_LOG_BYTES) await files.rename(path, `${path}.1`);
}

/** The last lines, or why there are none. */
export async function logTail(files: Pick<Files, "readTail">, path: string): Promise<readonly string[]> {
  const text = await files.readTail(path, TAIL_BYTES).then((bytes) => bytes?.toString("utf8") ?? "", messageOf);
  return text.trimEnd().split("\n").slice(-TAIL_LINES);
}
