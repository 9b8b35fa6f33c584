/** `mvm fleet …` as data. */
import { CHANGES, goesOn, type NounSpec, READS } from "../../command-spec.ts";

export const fleetNoun: NounSpec = {
  name: "fleet",
  summary: "what should exist: tenants and their pools",
  verbs: [
    {
      name: "show",
      summary: "show the fleet in force",
      shared: READS,
      examples: ["fleet show", "fleet show --json"],
      load: async () => (await import("./show.ts")).showFleet,
    },
    {
      name: "plan",
      summary: "show what applying a fleet file would change, and change nothing",
      args: ["<file>"],
      shared: READS,
      examples: ["fleet plan fleet.toml"],
      load: async () => (await import("./plan.ts")).planFleet,
    },
    {
      name: "apply",
      summary: "put a fleet file in force and wait until all is as it says",
      args: ["<file>"],
      shared: CHANGES,
      examples: ["fleet apply fleet.toml", "fleet apply fleet.toml --no-wait"],
      interrupted: (input) => goesOn(input, "instance list"),
      load: async () => (await import("./apply.ts")).applyFleet,
    },
  ],
};
