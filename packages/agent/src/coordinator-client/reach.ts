/** Whether the coordinator can be reached: said once when that changes, and how long to wait before the next try. */
import { messageOf, type Logger } from "@mvm/core";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export interface Reach {
  succeeded(): void;
  /** Milliseconds to wait before the next try. */
  failed(error: unknown): number;
}

/** @param what the direction, for the log: `spec` or `status` */
export function reach(what: string, log: Logger): Reach {
  let failures = 0;
  return {
    succeeded() {
      if (failures > 0) log.info("coordinator.reached", { what, failures });
      failures = 0;
    },
    failed(error) {
      failures += 1;
      if (failures === 1) log.warn("coordinator.away", { what, error: messageOf(error) });
      return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    },
  };
}
