/** `mvm image list`. */
import type { CatalogueImage } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { ageText } from "../../output/age.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { announceConfig, factsOf } from "../../session.ts";
import { imageDocument, sizeMib } from "./describe.ts";

export const listImages: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const images = await hostImageTools(loaded.config).catalog.list();
  const nowMs = context.clock.nowMs();
  printResult(context, input, {
    config: factsOf(loaded),
    document: { images: images.map(imageDocument) },
    text: () =>
      printTable(context.stdout, {
        columns: [
          { title: "revision", cell: ({ manifest }) => manifest.revision },
          { title: "profile", cell: ({ manifest }) => manifest.profile },
          { title: "kind", cell: ({ manifest }) => manifest.kind },
          { title: "kernel", cell: ({ manifest }) => manifest.kernel_version },
          { title: "size", cell: ({ manifest }) => `${sizeMib(manifest)} MiB` },
          { title: "age", cell: (image: CatalogueImage) => ageText(new Date(image.builtAtMs).toISOString(), nowMs) },
          { title: "patches", cell: ({ manifest }) => String(manifest.patches.length) },
        ],
        rows: images,
        empty: `no images in ${loaded.config.images.dir}`,
      }),
  });
};
