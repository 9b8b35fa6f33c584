/** `mvm image show`. */
import { isoTime, timeText } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { printResult } from "../../output/document.ts";
import { printFacts, printTable } from "../../output/table.ts";
import { announceConfig, factsOf } from "../../session.ts";
import { imageDocument } from "./describe.ts";
import { findImage } from "./find.ts";

export const showImage: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const image = await findImage(hostImageTools(loaded.config).catalog, input.arg(0));
  const { manifest, builtAtMs } = image;
  const { stdout } = context;
  printResult(context, input, {
    config: factsOf(loaded),
    document: { image: imageDocument(image) },
    text: () => {
      printFacts(stdout, [
        ["revision", manifest.revision],
        ["profile", manifest.profile],
        ["kind", manifest.kind],
        ["built", timeText(isoTime(builtAtMs))],
        ["inputs", `sha256:${manifest.input_hash}`],
        ["kernel", manifest.kernel_version],
        ["packages", `${manifest.packages.length} Debian packages`],
        ["npm lock", manifest.npm_lock_sha256 === null ? null : `sha256:${manifest.npm_lock_sha256}`],
      ]);
      stdout.write("\n");
      printTable(stdout, {
        columns: [
          { title: "artifact", cell: ([name]) => name },
          { title: "bytes", cell: ([, artifact]) => String(artifact.size_bytes) },
          { title: "sha256", cell: ([, artifact]) => artifact.sha256 },
        ],
        rows: Object.entries(manifest.artifacts),
        empty: "no artifacts",
      });
      stdout.write("\n");
      printTable(stdout, {
        columns: [
          { title: "patched", cell: (patch) => `${patch.package} ${patch.version}` },
          { title: "places", cell: (patch) => `${patch.count} in ${patch.files.join(", ")}` },
          { title: "because", cell: (patch) => patch.reason },
        ],
        rows: manifest.patches,
        empty: "no patches",
      });
    },
  });
};
