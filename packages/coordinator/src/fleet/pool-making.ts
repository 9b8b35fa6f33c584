/** What a pool's instances are made from, as the restart rule compares it. Pure. */
import type { PoolRow, restartReasons } from "@mvm/core";

export function makingOf({ type, revision, resources }: PoolRow): Parameters<typeof restartReasons>[0] {
  return { role: type.role, profile: type.profile, type_hash: type.type_hash, revision, resources };
}
