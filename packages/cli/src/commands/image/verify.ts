/** `mvm image verify`. */
import { messageOf } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { printResult } from "../../output/document.ts";
import { announceConfig, factsOf } from "../../session.ts";
import { findImage } from "./find.ts";

export const verifyImages: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const tools = hostImageTools(loaded.config);
  const revision = input.optionalArg(0);
  const images = revision === undefined ? await tools.catalog.list() : [await findImage(tools.catalog, revision)];
  const failures: unknown[] = [];
  for (const { manifest } of images) {
    await tools.verify(manifest).catch((error: unknown) => {
      context.stderr.write(`${manifest.revision}: ${messageOf(error)}\n`);
      failures.push(error);
    });
  }
  if (failures.length > 0) throw failures[0];
  printResult(context, input, {
    config: factsOf(loaded),
    document: { verified: images.map(({ manifest }) => manifest.revision) },
    text: () =>
      context.stdout.write(
        `as built: ${images.map(({ manifest }) => manifest.revision).join(", ") || "nothing, there are no images"}\n`,
      ),
  });
};
