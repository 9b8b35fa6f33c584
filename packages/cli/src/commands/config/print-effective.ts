/** `mvm config print-effective`: the configuration as every program understands it, as TOML. */
import { tomlText } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { announceConfig, factsOf } from "../../session.ts";

export const printEffective: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  printResult(context, input, {
    config: factsOf(loaded),
    document: { effective: loaded.config },
    text: () => context.stdout.write(`# meaning: ${loaded.meaningHash}\n${tomlText(loaded.config)}`),
  });
};
