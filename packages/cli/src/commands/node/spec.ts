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
    {
      name: "check",
      summary: "check what this host keeps of what its mode promises, with the remedy for what it does not",
      shared: READS,
      examples: ["node check", "node check --json"],
      load: async () => (await import("./check.ts")).checkNodeCommand,
    },
    {
      name: "units",
      summary: "print the systemd units of this installation, or write them",
      options: [{ flags: "--write", summary: "write them into /etc/systemd/system" }],
      shared: READS,
      examples: ["node units", "node units --write --config /etc/mvm/mvm.toml"],
      load: async () => (await import("./units.ts")).printUnits,
    },
  ],
};
