/** References from OpenClaw's configuration into the secrets drive: no secret stands in the configuration itself. */
import { SECRETS_PATH } from "../guest-paths.ts";

const PROVIDER = "mvm";

/** A reference to the secret of that dotted name, as OpenClaw's SecretRef. */
export function secretRef(name: string): object {
  return { source: "file", provider: PROVIDER, id: `/${name.replaceAll(".", "/")}` };
}

/** The section `secrets`, which tells OpenClaw where such references lead. */
export const secretsSection = { providers: { [PROVIDER]: { source: "file", path: SECRETS_PATH, mode: "json" } } };
