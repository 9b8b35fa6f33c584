/** `mvm config validate`. */
import type { Command } from "../../command-spec.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { announceConfig, factsOf } from "../../session.ts";

export const validateConfig: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const { roles, profiles } = loaded.config.microvms;
  printResult(context, input, {
    config: factsOf(loaded),
    document: { valid: true, roles: Object.keys(roles), profiles: Object.keys(profiles) },
    text: () =>
      context.stdout.write(
        `${loaded.shownAs} is valid: ${counted(Object.keys(roles).length, "role")}, ${counted(Object.keys(profiles).length, "profile")}\n`,
      ),
  });
};
