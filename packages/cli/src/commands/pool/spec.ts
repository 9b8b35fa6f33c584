/** `mvm pool …` as data. */
import { type NounSpec, READS } from "../../command-spec.ts";

export const poolNoun: NounSpec = {
  name: "pool",
  summary: "instances of one type inside a tenant",
  verbs: [
    {
      name: "list",
      summary: "list pools with what they should and do have",
      options: [{ flags: "--tenant <id>", summary: "only this tenant's" }],
      shared: READS,
      examples: ["pool list", "pool list --tenant acme"],
      load: async () => (await import("./list.ts")).listPools,
    },
  ],
};
