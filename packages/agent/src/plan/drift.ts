/** What a running instance was made from against what the spec now says. Pure. */
import { restartReasons } from "@mvm/core";
import type { InstanceView } from "./views.ts";

/** What makes a restart necessary, in words; null: nothing. */
export function restartReason({ pool, seen }: InstanceView): string | null {
  if (seen.madeFrom === null) return null;
  const reasons = restartReasons(seen.madeFrom, pool);
  return reasons.length === 0 ? null : reasons.join(", ");
}

/** What the next start will bring but nobody restarts an instance for; null: nothing. */
export function pendingReason({ tenant, seen }: InstanceView): string | null {
  const made = seen.madeFrom;
  if (made === null) return null;
  if (made.secrets_epoch !== tenant.secrets_epoch)
    return `a restart to see secrets epoch ${tenant.secrets_epoch} (it sees ${made.secrets_epoch})`;
  if (made.config_version !== tenant.config_version)
    return `a restart to see config version ${tenant.config_version} (it sees ${made.config_version})`;
  return null;
}
