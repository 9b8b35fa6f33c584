/**
 * A resolved type: role × profile, as it travels inside the node's spec.
 *
 * `type_hash` covers what the guest can see of it (design §2): an edit that the guest can't see
 * changes nothing. Made by `resolveType` only.
 */
import * as z from "zod";
import { MvmError } from "../errors/mvm-error.ts";
import { hashOf } from "../hash.ts";
import { TypeName } from "../ids.ts";
import {
  ConnectorDeclaration,
  DriveName,
  Limits,
  PortDeclaration,
  Resources,
  SecretDeclaration,
  type MicrovmsTables,
} from "./declarations.ts";

export const ResolvedType = z.object({
  role: TypeName,
  profile: TypeName,
  type_hash: z.string(),
  required_drives: z.array(DriveName),
  optional_drives: z.array(DriveName),
  expose_ingress: z.boolean(),
  starts_before: z.array(TypeName),
  guest_handlers: z.array(z.string()),
  services: z.array(z.string()),
  ports: z.array(PortDeclaration),
  secrets: z.array(SecretDeclaration),
  connectors: z.record(z.string(), ConnectorDeclaration),
  min_mem_mib: z.int(),
  defaults: Resources,
  limits: Limits.default({}),
});
export type ResolvedType = z.infer<typeof ResolvedType>;

/** The name of a type among others: `gateway/minimal`. */
export function typeKey(role: string, profile: string): string {
  return `${role}/${profile}`;
}

/**
 * Combines a declared role with a declared profile.
 * @throws MvmError MVM_TYPE_UNKNOWN when either is not declared or they don't go together
 */
export function resolveType(tables: MicrovmsTables, roleName: string, profileName: string): ResolvedType {
  const role = declared(tables.roles, roleName);
  if (role === undefined) throw unknownType("role", roleName, tables);
  const profile = declared(tables.profiles, profileName);
  if (profile === undefined) throw unknownType("profile", profileName, tables);
  if (!role.profiles.some((name) => name === profileName)) {
    throw new MvmError("MVM_TYPE_UNKNOWN", {
      message: `role '${roleName}' does not go with profile '${profileName}'`,
      remedy: `Choose one of ${role.profiles.join(", ")}, or add '${profileName}' to the role's profiles.`,
      details: { role: roleName, profile: profileName, allowed: role.profiles },
    });
  }
  const seenByGuest = {
    role: roleName,
    profile: profileName,
    required_drives: role.required_drives,
    optional_drives: role.optional_drives,
    guest_handlers: profile.guest_handlers,
    services: profile.services,
    // A scheme is for people: it makes no other type of what runs.
    ports: profile.ports.map(({ name, port }) => ({ name, port })),
    secrets: profile.secrets,
    connectors: profile.connectors,
  };
  return ResolvedType.parse({
    ...seenByGuest,
    type_hash: hashOf(seenByGuest),
    expose_ingress: role.expose_ingress,
    starts_before: role.starts_before,
    min_mem_mib: profile.min_mem_mib,
    defaults: profile.defaults,
    limits: profile.limits,
  });
}

/** What gives a configuration its types, for one that declares none. */
export const INCLUDE_TYPES =
  "Let [microvms] include in mvm.toml name the files microvms/roles/*.toml and microvms/profiles/*/profile.toml of the installation.";

/** Own entries only: a role may be called `constructor`. */
function declared<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.entries(table).find(([key]) => key === name)?.[1];
}

function unknownType(kind: "role" | "profile", value: string, tables: MicrovmsTables): MvmError {
  const names = Object.keys(tables[`${kind}s`]);
  const isEmpty = Object.keys({ ...tables.roles, ...tables.profiles }).length === 0;
  const declareIt = isEmpty
    ? `No type is declared. ${INCLUDE_TYPES}`
    : `Declare it under [microvms.${kind}s.${value}].`;
  return new MvmError("MVM_TYPE_UNKNOWN", {
    message: `no ${kind} '${value}' is declared`,
    remedy: names.length > 0 ? `Declared: ${names.join(", ")}.` : declareIt,
    details: { [kind]: value, declared: names },
  });
}
