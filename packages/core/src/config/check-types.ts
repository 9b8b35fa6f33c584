/**
 * What the schema of one role or profile can't see: whether names between them lead somewhere and
 * whether their numbers fit. Pure.
 */
import type { ProfileDeclaration, RoleDeclaration } from "../types/declarations.ts";
import { nearestName } from "../toml/nearest.ts";
import type { Declared, DeclaredTypes, Misplaced } from "./declared-types.ts";

/** All mistakes between the declarations; bad declarations count as declared. */
export function checkTypes(types: DeclaredTypes): readonly Misplaced[] {
  const roles = types.roles.map(({ name }) => name);
  const profiles = types.profiles.map(({ name }) => name);
  return [
    ...types.roles.flatMap((entry) => checkRole(entry, roles, profiles)),
    ...types.roles.flatMap((entry) => checkOrder(entry, types)),
    ...types.profiles.flatMap(checkProfile),
  ];
}

function checkRole(
  { name, document, declaration }: Declared<RoleDeclaration>,
  roles: readonly string[],
  profiles: readonly string[],
): readonly Misplaced[] {
  if (declaration === null) return [];
  const base = ["microvms", "roles", name];
  const missing = (
    field: "profiles" | "starts_before",
    kind: string,
    declared: readonly string[],
  ): readonly Misplaced[] =>
    declaration[field].flatMap((value, index) =>
      declared.includes(value)
        ? []
        : [
            {
              document,
              path: [...base, field, index],
              message: `role '${name}' names ${kind} '${value}', which is not declared${hint(value, declared)}`,
            },
          ],
    );
  const both = declaration.optional_drives.flatMap((drive, index) =>
    declaration.required_drives.includes(drive)
      ? [
          {
            document,
            path: [...base, "optional_drives", index],
            message: `role '${name}' requires drive '${drive}' already: it can't be optional too`,
          },
        ]
      : [],
  );
  // Who an instance is and what its network is stands on it: no guest comes up without.
  const config = declaration.optional_drives.flatMap((drive, index) =>
    drive === "config"
      ? [
          {
            document,
            path: [...base, "optional_drives", index],
            message: `role '${name}' can't have drive 'config' as an optional one: every instance has it`,
          },
        ]
      : [],
  );
  return [...missing("profiles", "profile", profiles), ...missing("starts_before", "role", roles), ...both, ...config];
}

/** A role that, along `starts_before`, comes before itself would never start. */
function checkOrder(
  { name, document, declaration }: Declared<RoleDeclaration>,
  types: DeclaredTypes,
): readonly Misplaced[] {
  if (declaration === null) return [];
  const after = (role: string): readonly string[] =>
    types.roles.find((entry) => entry.name === role)?.declaration?.starts_before ?? [];
  return declaration.starts_before.flatMap((next, index) => {
    const seen = new Set<string>();
    const open = [next as string];
    for (let role = open.pop(); role !== undefined; role = open.pop()) {
      if (seen.has(role)) continue;
      seen.add(role);
      open.push(...after(role));
    }
    const way = next === name ? "itself" : `'${next}', which starts before it`;
    return seen.has(name)
      ? [
          {
            document,
            path: ["microvms", "roles", name, "starts_before", index],
            message: `role '${name}' can't start before ${way}`,
          },
        ]
      : [];
  });
}

function checkProfile({ name, document, declaration }: Declared<ProfileDeclaration>): readonly Misplaced[] {
  if (declaration === null) return [];
  const base = ["microvms", "profiles", name];
  const secrets: readonly string[] = declaration.secrets.map((secret) => secret.name);
  const { mem_mib: memMib } = declaration.defaults;
  const memory =
    memMib < declaration.min_mem_mib
      ? [
          {
            document,
            path: [...base, "defaults", "mem_mib"],
            message: `profile '${name}' has ${memMib} MiB by default but needs ${declaration.min_mem_mib} (min_mem_mib)`,
          },
        ]
      : [];
  const connectors = Object.entries(declaration.connectors).flatMap(([connector, { requires_secrets: required }]) =>
    required.flatMap((secret, index) =>
      secrets.includes(secret)
        ? []
        : [
            {
              document,
              path: [...base, "connectors", connector, "requires_secrets", index],
              message: `connector '${connector}' requires secret '${secret}', which profile '${name}' may not see${hint(secret, secrets)}`,
            },
          ],
    ),
  );
  const twice = (field: "secrets" | "ports", values: readonly string[]): readonly Misplaced[] =>
    values.flatMap((value, index) =>
      values.indexOf(value) < index
        ? [
            {
              document,
              path: [...base, field, index],
              message: `'${value}' stands twice in ${field} of profile '${name}'`,
            },
          ]
        : [],
    );
  return [
    ...memory,
    ...connectors,
    ...twice("secrets", secrets),
    ...twice(
      "ports",
      declaration.ports.map((port) => port.name),
    ),
  ];
}

function hint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  if (near !== null) return `; did you mean '${near}'?`;
  return known.length === 0 ? "" : `; declared: ${known.join(", ")}`;
}
