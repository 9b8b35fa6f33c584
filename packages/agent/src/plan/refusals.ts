/**
 * Why an instance may not run, as far as spec and journal tell. Pure; what needs a look at the host
 * (image, key, data, port) is checked by lifecycle before a start and comes back as `seen.refused`.
 */
import { catalogue, type ErrorCode, type Refusal } from "@mvm/core";
import { isRetryDue } from "./backoff.ts";
import type { InstanceView } from "./views.ts";

/** A refusal by a rule; the remedy is the catalogue's unless a better one is given. */
export function refusal(
  rule: string,
  code: ErrorCode,
  text: { readonly message: string; readonly remedy?: string },
): Refusal {
  return { rule, code, message: text.message, remedy: text.remedy ?? catalogue[code].remedy };
}

/** The first reason for which the instance may not run, or null. */
export function safetyRefusal(view: InstanceView, nowMs: number): Refusal | null {
  return (
    unknownType(view) ??
    otherVolume(view) ??
    destroyed(view) ??
    tooLittleMemory(view) ??
    missingDrive(view) ??
    missingSecret(view) ??
    networkNotInPlace(view) ??
    foundOnHost(view, nowMs)
  );
}

function unknownType({ id, pool, type }: InstanceView): Refusal | null {
  if (type !== null) return null;
  const message = `${id} is of type ${pool.role}/${pool.profile} (${pool.type_hash.slice(0, 12)}), which the spec does not carry`;
  return refusal("safety", "MVM_TYPE_UNKNOWN", { message });
}

function otherVolume({ id, instance, seen }: InstanceView): Refusal | null {
  if (seen.volumeUuid === null || seen.volumeUuid === instance.volume_uuid) return null;
  const message = `${id} is to have the volume ${instance.volume_uuid}, this node holds ${seen.volumeUuid} for it`;
  return refusal("safety", "MVM_VOLUME_FAILED", {
    message,
    remedy: "Destroy the instance first if the volume that is here may be erased.",
  });
}

function destroyed({ id, seen }: InstanceView): Refusal | null {
  if (seen.state !== "destroyed") return null;
  return refusal("safety", "MVM_STATE_INVALID_TRANSITION", {
    message: `${id} is destroyed; a new instance needs a new volume`,
  });
}

function tooLittleMemory({ id, pool, type }: InstanceView): Refusal | null {
  if (type === null || pool.resources.mem_mib >= type.min_mem_mib) return null;
  const message = `${id} has ${pool.resources.mem_mib} MiB, profile ${type.profile} needs ${type.min_mem_mib} MiB`;
  return refusal("safety", "MVM_FLEET_INVALID", {
    message,
    remedy: `Set resources.mem_mib of pool '${pool.pool_id}' to ${type.min_mem_mib} or more.`,
  });
}

/** The others can be made from whatever the spec says: empty, if need be. */
function missingDrive({ id, pool, type }: InstanceView): Refusal | null {
  if (type === null || !type.required_drives.includes("data") || pool.resources.data_mib > 0) return null;
  return refusal("safety", "MVM_DRIVE_MISSING", {
    message: `${id}: required drive missing: 'data', which pool '${pool.pool_id}' gives no size (data_mib 0)`,
    remedy: `Set resources.data_mib of pool '${pool.pool_id}'.`,
  });
}

function missingSecret({ id, tenant, type }: InstanceView): Refusal | null {
  const missing = type?.secrets.find(({ name, required }) => required && tenant.secrets[name] === undefined);
  if (missing === undefined) return null;
  const message = `${id} needs the secret '${missing.name}', which tenant '${tenant.tenant_id}' has not set`;
  return refusal("safety", "MVM_SECRET_MISSING", {
    message,
    remedy: `mvm secrets set ${tenant.tenant_id} ${missing.name}`,
  });
}

/**
 * A start puts the network in place by itself. One that fails while others of the tenant run in it is
 * upkeep's to mend; until then nothing else is started into it.
 */
function networkNotInPlace({ id, tenant, networkFailure }: InstanceView): Refusal | null {
  if (networkFailure === null) return null;
  const { code, message, remedy } = networkFailure;
  return refusal("safety", code, {
    message: `${id} can't start while the network of tenant '${tenant.tenant_id}' is not in place: ${message}`,
    remedy,
  });
}

function foundOnHost({ seen }: InstanceView, nowMs: number): Refusal | null {
  return seen.refused !== null && !isRetryDue(seen.refused.recheckAtMs, nowMs) ? seen.refused.refusal : null;
}
