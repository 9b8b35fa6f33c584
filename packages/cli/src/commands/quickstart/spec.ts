/** `mvm quickstart` as data. */
import type { PlainSpec } from "../../command-spec.ts";

export const quickstartCommand: PlainSpec = {
  name: "quickstart",
  summary: "bring up two tenants with OpenClaw on this machine, or remove them",
  options: [
    { flags: "--minimal", summary: "small microVMs without OpenClaw: ready in a minute or two" },
    { flags: "--dir <path>", summary: "where mvm.toml and fleet.toml are written (default ./quickstart)" },
    { flags: "--down", summary: "remove everything that quickstart made; images stay" },
    { flags: "--purge", summary: "with --down: the images that it built and edited files as well" },
  ],
  shared: ["json", "quiet", "timeout"],
  examples: ["quickstart", "quickstart --minimal", "quickstart --down"],
  load: async () => (await import("./quickstart.ts")).quickstart,
};
