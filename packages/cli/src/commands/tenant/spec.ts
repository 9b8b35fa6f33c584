/** `mvm tenant …` as data. */
import { DESTROYS, goesOn, type NounSpec, READS } from "../../command-spec.ts";

export const tenantNoun: NounSpec = {
  name: "tenant",
  summary: "tenants: each a network, a key and secrets of its own",
  verbs: [
    {
      name: "list",
      summary: "list tenants",
      shared: READS,
      examples: ["tenant list", "tenant list --json"],
      load: async () => (await import("./list.ts")).listTenants,
    },
    {
      name: "show",
      summary: "show one tenant",
      args: ["<tenant>"],
      shared: READS,
      examples: ["tenant show acme"],
      load: async () => (await import("./show.ts")).showTenant,
    },
    {
      name: "destroy",
      summary: "erase a tenant: instances, data, network, secrets and key",
      args: ["<tenant>"],
      shared: DESTROYS,
      examples: ["tenant destroy acme", "tenant destroy acme --yes --timeout 2m"],
      interrupted: (input) => goesOn(input, "tenant list"),
      load: async () => (await import("./destroy.ts")).destroyTenant,
    },
  ],
};
