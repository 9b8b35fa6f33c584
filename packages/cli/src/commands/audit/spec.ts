/** `mvm audit …` as data. */
import { type NounSpec, READS } from "../../command-spec.ts";

export const auditNoun: NounSpec = {
  name: "audit",
  summary: "who did what, when and why",
  verbs: [
    {
      name: "list",
      summary: "list audit entries, newest last",
      options: [
        { flags: "--tenant <id>", summary: "only this tenant's" },
        { flags: "--instance <id>", summary: "only this instance's" },
        { flags: "--cause <cause>", summary: "manual, reconcile, recovery, …" },
        { flags: "--writer <node>", summary: "only what this node or the coordinator wrote" },
        { flags: "--since <time>", summary: "from this date or time in UTC on: 2026-11-21, 2026-11-21T14:30:00Z" },
        { flags: "--until <time>", summary: "up to this date or time in UTC" },
        { flags: "--limit <n>", summary: "how many of the newest (default 100)" },
      ],
      shared: READS,
      examples: ["audit list", "audit list --instance acme-gw-0 --limit 20", "audit list --cause manual --json"],
      load: async () => (await import("./list.ts")).listAudit,
    },
  ],
};
