/**
 * Turns a fleet into what its pools mean here (type, image, resources) and finds what is wrong with
 * it by itself: duplicates, unknown types, too little memory, missing images. Pure.
 */
import {
  isMvmError,
  resolveType,
  type CatalogueImage,
  type Fleet,
  type FleetPool,
  type FleetTenant,
  type MicrovmsTables,
  type PoolId,
  type ResolvedType,
  type Resources,
  type RevisionId,
  type TenantId,
} from "@mvm/core";
import { pickRevision } from "./pick-revision.ts";
import type { Problem } from "./problems.ts";

export interface ResolvedPool {
  readonly poolId: PoolId;
  /** Where it stands in the fleet. */
  readonly path: string;
  readonly type: ResolvedType;
  readonly revision: RevisionId;
  readonly resources: Resources;
  readonly running: number;
}

export interface ResolvedTenant {
  readonly tenantId: TenantId;
  readonly path: string;
  readonly definition: FleetTenant;
  readonly pools: readonly ResolvedPool[];
}

export interface FleetContext {
  readonly microvms: MicrovmsTables;
  /** All images, newest first. */
  readonly images: readonly CatalogueImage[];
  readonly acceptedKinds: readonly string[];
}

/** The fleet resolved, without the pools that have a problem. */
export function resolveFleet(
  fleet: Fleet,
  context: FleetContext,
): { readonly tenants: readonly ResolvedTenant[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = duplicates(
    fleet.tenants.map(({ tenant_id: id }, index) => ({ id, path: `tenants[${index}].tenant_id` })),
    "tenant",
  );
  const tenants = fleet.tenants.map((definition, index): ResolvedTenant => {
    const path = `tenants[${index}]`;
    const named = definition.pools.map(({ pool_id: id }, pool) => ({ id, path: `${path}.pools[${pool}].pool_id` }));
    problems.push(...duplicates(named, "pool"));
    const pools = definition.pools.flatMap((pool, number) => {
      const resolved = resolvePool(pool, `${path}.pools[${number}]`, context);
      problems.push(...resolved.problems);
      return resolved.pool === null ? [] : [resolved.pool];
    });
    return { tenantId: definition.tenant_id, path, definition, pools };
  });
  return { tenants, problems };
}

function resolvePool(
  pool: FleetPool,
  path: string,
  context: FleetContext,
): { readonly pool: ResolvedPool | null; readonly problems: readonly Problem[] } {
  const type = typeOf(pool, path, context.microvms);
  if ("code" in type) return { pool: null, problems: [type] };
  const problems: Problem[] = [];
  const resources: Resources = {
    vcpus: pool.resources.vcpus ?? type.defaults.vcpus,
    mem_mib: pool.resources.mem_mib ?? type.defaults.mem_mib,
    data_mib: pool.resources.data_mib ?? type.defaults.data_mib,
  };
  if (resources.mem_mib < type.min_mem_mib) {
    problems.push({
      code: "MVM_FLEET_INVALID",
      path: `${path}.resources.mem_mib`,
      value: resources.mem_mib,
      message: `${resources.mem_mib} MiB is less memory than profile '${type.profile}' needs, which is ${type.min_mem_mib} MiB`,
      remedy: `Set resources.mem_mib to ${type.min_mem_mib} or more, or leave it out for ${type.defaults.mem_mib}.`,
    });
  }
  if (resources.data_mib === 0 && type.required_drives.includes("data")) {
    problems.push({
      code: "MVM_DRIVE_MISSING",
      path: `${path}.resources.data_mib`,
      value: resources.data_mib,
      message: `required drive missing: role '${type.role}' requires a data drive, which 0 MiB leaves out`,
      remedy: "Say 16 or more, or take data out of the role's required_drives.",
    });
  }
  const choice = pickRevision({
    type,
    wanted: pool.revision,
    images: context.images,
    acceptedKinds: context.acceptedKinds,
  });
  if (choice.revision === null) {
    const { code, message, remedy } = choice;
    return {
      pool: null,
      problems: [...problems, { code, path: `${path}.revision`, value: pool.revision, message, remedy }],
    };
  }
  if (problems.length > 0) return { pool: null, problems };
  const resolved = {
    poolId: pool.pool_id,
    path,
    type,
    revision: choice.revision,
    resources,
    running: pool.desired_counts.running,
  };
  return { pool: resolved, problems: [] };
}

function typeOf(pool: FleetPool, path: string, microvms: MicrovmsTables): ResolvedType | Problem {
  try {
    return resolveType(microvms, pool.role, pool.profile);
  } catch (error) {
    if (!isMvmError(error, "MVM_TYPE_UNKNOWN")) throw error;
    // What is named alone is what is unknown; a combination is mended at the profile.
    const field = error.details["profile"] === undefined ? "role" : "profile";
    return {
      code: error.code,
      path: `${path}.${field}`,
      value: pool[field],
      message: error.message,
      remedy: error.remedy,
    };
  }
}

interface Named {
  readonly id: string;
  readonly path: string;
}

function duplicates(named: readonly Named[], what: "tenant" | "pool"): Problem[] {
  const first = new Map<string, string>();
  return named.flatMap(({ id, path }): Problem[] => {
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, path);
      return [];
    }
    return [
      {
        code: "MVM_FLEET_DUPLICATE",
        path,
        value: id,
        message: `${what} '${id}' stands here and at ${earlier}`,
        remedy: "Rename or merge one of them.",
      },
    ];
  });
}
