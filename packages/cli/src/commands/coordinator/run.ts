/** `mvm coordinator run`: in the foreground until SIGINT or SIGTERM. */
import { runCoordinator } from "@mvm/coordinator";
import type { Command } from "../../command-spec.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { announceConfig } from "../../session.ts";
import { serveUntilAborted } from "../serve.ts";
import { coordinatorSettings } from "./settings.ts";

export const runCoordinatorCommand: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const images = hostImageTools(loaded.config).catalog;
  await serveUntilAborted(context, (logger) => runCoordinator(coordinatorSettings(loaded), { images, logger }));
};
