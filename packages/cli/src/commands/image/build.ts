/** `mvm image build`. */
import { MvmError, resolveType } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { printResult } from "../../output/document.ts";
import { announceConfig, factsOf } from "../../session.ts";
import { buildWithProgress } from "./build-with-progress.ts";
import { runObstacle } from "./run-obstacle.ts";

export const buildImage: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const { role, profile: profileName } = resolveType(loaded.config.microvms, input.arg(0), input.arg(1));
  if (!context.isRoot) throw new MvmError("MVM_HOST_NOT_ROOT", { message: "an image is built by root only" });
  const profile = loaded.config.microvms.profiles[profileName];
  if (profile === undefined)
    throw new MvmError("MVM_TYPE_UNKNOWN", { message: `no profile '${profileName}' is declared` });
  const [built] = await buildWithProgress(context, hostImageTools(loaded.config), {
    profiles: [{ name: profileName, profile }],
    quiet: input.flag("quiet"),
  });
  if (built === undefined) return;
  const { manifest, cached } = built;
  const { accept } = loaded.config.images;
  const obstacle = runObstacle(manifest, accept);
  printResult(context, input, {
    config: factsOf(loaded),
    document: {
      role,
      profile: profileName,
      revision: manifest.revision,
      cached,
      accepted: obstacle === null,
      image: manifest,
    },
    text: () => {
      context.stdout.write(
        `${profileName}: ${manifest.revision}${cached ? " (was built before from the same inputs)" : ""}\n`,
      );
      if (obstacle !== null) context.stderr.write(`${obstacle}\n`);
    },
  });
};
