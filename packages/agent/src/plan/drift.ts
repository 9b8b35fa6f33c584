/** What a running instance was made from against what the spec now says. Pure. */
import type { InstanceView } from "./views.ts";

/** What makes a restart necessary, in words; null: nothing. */
export function restartReason({ pool, seen }: InstanceView): string | null {
  const made = seen.madeFrom;
  if (made === null) return null;
  if (made.revision !== pool.revision) return `revision ${pool.revision} (it runs ${made.revision})`;
  if (made.type_hash !== pool.type_hash) return `type ${pool.role}/${pool.profile} as it is now declared`;
  if (made.resources.mem_mib !== pool.resources.mem_mib)
    return `${pool.resources.mem_mib} MiB of memory (it has ${made.resources.mem_mib})`;
  if (made.resources.vcpus !== pool.resources.vcpus)
    return `${pool.resources.vcpus} vCPUs (it has ${made.resources.vcpus})`;
  return null;
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
