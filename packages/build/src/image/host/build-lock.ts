/** One image build at a time on a machine. A host adapter; a build that was killed bars nobody. */
import { takeExclusiveLock, type Clock } from "@mvm/core";
import type { BuildLock } from "../build-ports.ts";

const RETRY_MS = 250;

export function createBuildLock(clock: Clock): BuildLock {
  return {
    async hold(path, { onWait, signal }) {
      let lock = takeExclusiveLock(path);
      while (lock === null) {
        onWait();
        await clock.sleep(RETRY_MS, signal);
        lock = takeExclusiveLock(path);
      }
      return lock;
    },
  };
}
