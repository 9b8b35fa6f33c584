/** `mvm instance …` as data. */
import { CHANGES, DESTROYS, goesOn, type NounSpec, READS } from "../../command-spec.ts";

export const instanceNoun: NounSpec = {
  name: "instance",
  summary: "microVMs, one an instance",
  verbs: [
    {
      name: "list",
      summary: "list instances with state, address and what is in their way",
      options: [{ flags: "--tenant <id>", summary: "only this tenant's" }],
      shared: READS,
      examples: ["instance list", "instance list --tenant acme --json"],
      load: async () => (await import("./list.ts")).listInstances,
    },
    {
      name: "show",
      summary: "show one instance",
      args: ["<instance>"],
      shared: READS,
      examples: ["instance show acme-gw-0"],
      load: async () => (await import("./show.ts")).showInstance,
    },
    {
      name: "logs",
      summary: "print what the guest logged, or what its VM says",
      args: ["<instance>"],
      options: [
        { flags: "--lines <n>", summary: "how many of the newest lines (default 100)" },
        { flags: "--follow", summary: "go on with what comes, until Ctrl-C" },
        {
          flags: "--console",
          summary:
            "the guest's console, or where it has none (Firecracker) its VMM's log; of a stopped instance, its last VM's",
        },
      ],
      shared: READS,
      examples: ["instance logs acme-gw-0 --follow", "instance logs acme-gw-0 --console"],
      load: async () => (await import("./logs.ts")).instanceLogs,
    },
    {
      name: "start",
      summary: "start an instance and wait until it is ready",
      args: ["<instance>"],
      shared: CHANGES,
      examples: ["instance start acme-gw-0", "instance start acme-gw-0 --timeout 5m"],
      interrupted: (input) => goesOn(input, `instance show ${input.arg(0)}`),
      load: async () => (await import("./change.ts")).startInstance,
    },
    {
      name: "stop",
      summary: "stop an instance and wait until it is; its data stays",
      args: ["<instance>"],
      shared: CHANGES,
      examples: ["instance stop acme-gw-0", "instance stop acme-gw-0 --no-wait"],
      interrupted: (input) => goesOn(input, `instance show ${input.arg(0)}`),
      load: async () => (await import("./change.ts")).stopInstance,
    },
    {
      name: "destroy",
      summary: "erase an instance with its data",
      args: ["<instance>"],
      shared: DESTROYS,
      examples: ["instance destroy acme-worker-0", "instance destroy acme-worker-0 --yes"],
      interrupted: (input) => goesOn(input, "instance list"),
      load: async () => (await import("./destroy.ts")).destroyInstance,
    },
  ],
};
