/**
 * What a running instance can't be given without a restart. Pure; the one rule behind what
 * `fleet plan` promises (coordinator) and what is done to instances (agent).
 */
import type { Resources } from "./declarations.ts";

/** What an instance is made from, or is to be. */
export interface Making {
  readonly role: string;
  readonly profile: string;
  readonly type_hash: string;
  readonly revision: string;
  readonly resources: Pick<Resources, "vcpus" | "mem_mib">;
}

/** Why an instance made from `made` has to restart to become `wanted`, in words; empty: it has not. */
export function restartReasons(made: Making, wanted: Making): readonly string[] {
  return [
    ...typeReasons(made, wanted),
    ...(made.revision === wanted.revision ? [] : [`revision ${made.revision} → ${wanted.revision}`]),
    ...(made.resources.vcpus === wanted.resources.vcpus
      ? []
      : [`vCPUs ${made.resources.vcpus} → ${wanted.resources.vcpus}`]),
    ...(made.resources.mem_mib === wanted.resources.mem_mib
      ? []
      : [`memory ${made.resources.mem_mib} → ${wanted.resources.mem_mib} MiB`]),
  ];
}

function typeReasons(made: Making, wanted: Making): readonly string[] {
  if (made.type_hash === wanted.type_hash) return [];
  if (made.profile !== wanted.profile) return [`profile ${made.profile} → ${wanted.profile}`];
  return [`the type ${wanted.role}/${wanted.profile} is declared anew`];
}
