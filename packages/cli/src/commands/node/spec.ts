/** `mvm node …` as data. */
import { type NounSpec, READS } from "../../command-spec.ts";

export const nodeNoun: NounSpec = {
  name: "node",
  summary: "hosts that run instances",
  verbs: [
    {
      name: "status",
      summary: "show the nodes: how far they have come, what they can do, what they don't promise",
      args: ["[node]"],
      shared: READS,
      examples: ["node status", "node status --json"],
      load: async () => (await import("./status.ts")).nodeStatus,
    },
  ],
};
