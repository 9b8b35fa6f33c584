/** `mvm config validate`. */
import { INCLUDE_TYPES } from "@mvm/core";
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
    text: () => {
      const [roleCount, profileCount] = [roles, profiles].map((table) => Object.keys(table).length);
      context.stdout.write(
        `${loaded.shownAs} is valid: ${counted(roleCount ?? 0, "role")}, ${counted(profileCount ?? 0, "profile")}\n`,
      );
      if (roleCount === 0) context.stderr.write(`no type is declared, so nothing can run. ${INCLUDE_TYPES}\n`);
    },
  });
};
