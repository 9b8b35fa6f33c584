/** `mvm coordinator …` as data. */
import type { NounSpec } from "../../command-spec.ts";

export const coordinatorNoun: NounSpec = {
  name: "coordinator",
  summary: "the server that knows what should exist",
  verbs: [
    {
      name: "run",
      summary: "run the coordinator in the foreground; logs are JSON lines on stderr",
      shared: ["config"],
      examples: ["coordinator run", "coordinator run --config /etc/mvm/mvm.toml"],
      load: async () => (await import("./run.ts")).runCoordinatorCommand,
    },
  ],
};
