/** Which processes the quickstart started, kept in its state directory. */
import { join } from "node:path";
import type { Files } from "@mvm/core";
import * as z from "zod";

export const serverNames = ["coordinator", "agent"] as const;
export type ServerName = (typeof serverNames)[number];

export const ServerRecord = z.object({
  pid: z.int(),
  startTicks: z.int(),
  /** Hash of the program that it runs. */
  build: z.string(),
  /** Absolute path of its config file, and the hash of what that meant at its start; empty in records of older programs. */
  config: z.string().default(""),
  meaning: z.string().default(""),
});
export type ServerRecord = z.infer<typeof ServerRecord>;

const Records = z.object({ servers: z.partialRecord(z.enum(serverNames), ServerRecord) });
export type ServerRecords = z.infer<typeof Records>["servers"];

const MAX_BYTES = 64 * 1024;

function recordsPath(stateDir: string): string {
  return join(stateDir, "quickstart.json");
}

/** What was recorded; nothing when the file is missing or no record. */
export async function readRecords(files: Files, stateDir: string): Promise<ServerRecords> {
  const bytes = await files.read(recordsPath(stateDir), MAX_BYTES);
  if (bytes === null) return {};
  try {
    return Records.parse(JSON.parse(bytes.toString("utf8"))).servers;
  } catch {
    return {};
  }
}

export async function writeRecords(files: Files, stateDir: string, servers: ServerRecords): Promise<void> {
  await files.writeAtomic(recordsPath(stateDir), `${JSON.stringify({ servers }, null, 2)}\n`, { mode: 0o600 });
}
