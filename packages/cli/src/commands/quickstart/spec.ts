/** `mvm quickstart` as data. */
import type { CommandInput } from "../../command-input.ts";
import { goesOn, type InterruptWords, type PlainSpec, sharedFlags } from "../../command-spec.ts";
import { asTyped, QUICKSTART_DOWN_TIMEOUT_MS, QUICKSTART_TIMEOUT_MS } from "../../default-timeouts.ts";

export const quickstartCommand: PlainSpec = {
  name: "quickstart",
  summary: "bring up two tenants with OpenClaw on this machine, or remove them",
  options: [
    { flags: "--minimal", summary: "small microVMs without OpenClaw: ready in a minute or two" },
    { flags: "--dir <path>", summary: "where mvm.toml and fleet.toml are written (default ./quickstart)" },
    { flags: "--down", summary: "remove everything that quickstart made; images stay" },
    { flags: "--purge", summary: "with --down: the images that it built and edited files as well" },
    {
      flags: sharedFlags.timeout.flags,
      summary: `how long to wait (default ${asTyped(QUICKSTART_TIMEOUT_MS)}; with --down ${asTyped(QUICKSTART_DOWN_TIMEOUT_MS)})`,
    },
  ],
  shared: ["json", "quiet"],
  examples: ["quickstart", "quickstart --minimal", "quickstart --down"],
  interrupted,
  load: async () => (await import("./quickstart.ts")).quickstart,
};

/** Either way it can be run again and goes on from where it is. */
function interrupted(input: CommandInput): InterruptWords {
  if (input.flag("down")) {
    const again = "run it again to remove the rest";
    return { before: again, after: `tenants go on being erased in the background; ${again}` };
  }
  const config = `${input.text("dir") ?? "quickstart"}/mvm.toml`;
  return {
    before: "this run did not get to the fleet; run it again to go on, or with --down to remove what is there",
    after: goesOn(input, `--config ${config} instance list`).after,
  };
}
