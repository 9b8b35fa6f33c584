/** An instance's console: that of the VM that runs, else what lifecycle kept of the last one. */
import { isoTime, type InstanceId } from "@mvm/core";
import type { NodeParts } from "./assemble-node.ts";
import { instancePaths } from "./node-paths.ts";

/** As much as a driver keeps of a console. */
const MAX_BYTES = 64 * 1024;

export interface ConsoleTail {
  /** Raw guest bytes: untrusted. */
  readonly bytes: Buffer;
  /** When its VM ended, ISO 8601; null: it runs. */
  readonly endedAt: string | null;
}

/** Null when no VM runs and nothing was kept. */
export async function consoleTail(
  { ports: { journal, files }, vms, settings }: Pick<NodeParts, "ports" | "vms" | "settings">,
  id: InstanceId,
): Promise<ConsoleTail | null> {
  const vm = journal.record(id)?.vm ?? null;
  if (vm !== null) return { bytes: await vms.consoleTail(vm), endedAt: null };
  const { lastConsole } = instancePaths(settings, id);
  const [bytes, facts] = [await files.readTail(lastConsole, MAX_BYTES), await files.stat(lastConsole)];
  return bytes === null || facts === null ? null : { bytes, endedAt: isoTime(facts.modifiedAtMs) };
}
