/** How big this machine is. A host adapter. */
import { availableParallelism, totalmem } from "node:os";
import type { Machine } from "@mvm/agent";

const BYTES_PER_MIB = 1024 * 1024;

export function thisMachine(): Machine {
  return { cpus: availableParallelism(), memMib: Math.floor(totalmem() / BYTES_PER_MIB) };
}
