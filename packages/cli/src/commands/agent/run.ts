/** `mvm agent run`: in the foreground until SIGINT or SIGTERM. Ending it stops no VM. */
import { agentSettings, runAgent } from "@mvm/agent";
import type { Command } from "../../command-spec.ts";
import { thisMachine } from "../../host/machine.ts";
import { announceConfig } from "../../session.ts";
import { VERSION } from "../../version.ts";
import { serveUntilAborted } from "../serve.ts";

export const runAgentCommand: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  await serveUntilAborted(context, (logger) =>
    runAgent(agentSettings(loaded, thisMachine()), { logger, version: VERSION }),
  );
};
