/** Which secrets an instance gets to see. Pure. */
import type { ResolvedType, Secret, SecretName } from "@mvm/core";

/** Names of the type's secrets that the tenant has set. */
export function visibleSecrets(
  declared: ResolvedType["secrets"],
  secrets: ReadonlyMap<SecretName, Secret>,
): readonly SecretName[] {
  return declared
    .map((secret) => secret.name)
    .filter((name) => secrets.has(name))
    .toSorted();
}
