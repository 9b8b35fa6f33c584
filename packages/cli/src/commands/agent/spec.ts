/** `mvm agent …` as data. */
import type { NounSpec } from "../../command-spec.ts";

export const agentNoun: NounSpec = {
  name: "agent",
  summary: "the server that makes it so on this node",
  verbs: [
    {
      name: "run",
      summary: "run the node's agent in the foreground; logs are JSON lines on stderr",
      shared: ["config"],
      examples: ["agent run", "agent run --config /etc/mvm/mvm.toml"],
      load: async () => (await import("./run.ts")).runAgentCommand,
    },
  ],
};
