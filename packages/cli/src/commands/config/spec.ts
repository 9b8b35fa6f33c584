/** `mvm config …` as data. */
import { type NounSpec, READS } from "../../command-spec.ts";

export const configNoun: NounSpec = {
  name: "config",
  summary: "the configuration file",
  verbs: [
    {
      name: "validate",
      summary: "check the configuration and what it includes: all mistakes at once",
      shared: READS,
      examples: ["config validate", "config validate --config /etc/mvm/mvm.toml"],
      load: async () => (await import("./validate.ts")).validateConfig,
    },
    {
      name: "print-effective",
      summary: "print what the configuration means, with defaults and includes filled in",
      shared: READS,
      examples: ["config print-effective", "config print-effective --json"],
      load: async () => (await import("./print-effective.ts")).printEffective,
    },
  ],
};
