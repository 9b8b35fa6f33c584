/** `mvm secrets list`: names, ages, epochs and who sees them, never values. */
import { operatorRoutes, type SecretView } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { ageText } from "../../output/age.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const listSecrets: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const tenant = input.arg(0);
    const answer = await coordinator.call(operatorRoutes.listSecrets, { params: { tenant }, signal: context.signal });
    const nowMs = context.clock.nowMs();
    printResult(context, input, {
      config: configFacts,
      document: { tenant_id: tenant, ...answer },
      text: () =>
        printTable(context.stdout, {
          columns: [
            { title: "secret", cell: (secret) => secret.name },
            { title: "state", cell: stateText },
            { title: "age", cell: (secret) => ageText(secret.changed_at, nowMs) },
            { title: "epoch", cell: (secret) => (secret.epoch === null ? "-" : String(secret.epoch)) },
            { title: "seen by", cell: (secret) => secret.seen_by.join(", ") || "-" },
          ],
          rows: answer.secrets,
          empty: `tenant ${tenant} has no secrets`,
        }),
    });
  });

function stateText(secret: SecretView): string {
  if (secret.set) return secret.generated ? "set (made here)" : "set";
  return secret.required ? "missing, required" : "missing";
}
