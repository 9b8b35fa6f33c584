/** `mvm secrets …` as data. */
import { goesOn, type NounSpec, READS } from "../../command-spec.ts";

export const secretsNoun: NounSpec = {
  name: "secrets",
  summary: "a tenant's secrets; values are never shown",
  verbs: [
    {
      name: "set",
      summary: "set a secret from a file or standard input, never from the command line",
      args: ["<tenant>", "<name>"],
      options: [{ flags: "--from-file <path>", summary: "file that holds the value; else standard input" }],
      shared: READS,
      examples: ["secrets set acme model.key --from-file key.txt", "secrets set acme telegram.token < token.txt"],
      interrupted: (input) => goesOn(input, `secrets list ${input.arg(0)}`),
      load: async () => (await import("./set.ts")).setSecret,
    },
    {
      name: "list",
      summary: "list a tenant's secrets: which are set, how old, who sees them",
      args: ["<tenant>"],
      shared: READS,
      examples: ["secrets list acme"],
      load: async () => (await import("./list.ts")).listSecrets,
    },
  ],
};
