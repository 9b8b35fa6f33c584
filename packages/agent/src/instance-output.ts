/** What an instance's VM says of itself: that of the VM that runs, else what lifecycle kept of the last one. */
import { isoTime, type InstanceId } from "@mvm/core";
import { OUTPUT_SOURCES, type OutputTail } from "@mvm/runtime";
import type { NodeParts } from "./assemble-node.ts";
import { instancePaths } from "./node-paths.ts";

/** As much as a driver keeps of it. */
const MAX_BYTES = 64 * 1024;

export interface InstanceOutput extends OutputTail {
  /** When its VM ended, ISO 8601; null: it runs. */
  readonly endedAt: string | null;
}

/** Null when no VM runs and nothing was kept. */
export async function instanceOutput(
  { ports: { journal, files }, vms, settings }: Pick<NodeParts, "ports" | "vms" | "settings">,
  id: InstanceId,
): Promise<InstanceOutput | null> {
  const vm = journal.record(id)?.vm ?? null;
  if (vm !== null) return { ...(await vms.outputTail(vm)), endedAt: null };
  const { lastOutput } = instancePaths(settings, id);
  for (const source of OUTPUT_SOURCES) {
    const [bytes, facts] = [await files.readTail(lastOutput[source], MAX_BYTES), await files.stat(lastOutput[source])];
    if (bytes !== null && facts !== null) return { source, bytes, endedAt: isoTime(facts.modifiedAtMs) };
  }
  return null;
}
