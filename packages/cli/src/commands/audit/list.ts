/** `mvm audit list`. */
import { type AuditEntry, AuditQuery, MvmError, operatorRoutes } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const listAudit: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const { records, next_before: nextBefore } = await coordinator.call(operatorRoutes.listAudit, {
      query: queryOf(input),
      signal: context.signal,
    });
    const oldestFirst = records.toReversed();
    printResult(context, input, {
      config: configFacts,
      document: { records: oldestFirst, next_before: nextBefore },
      text: () =>
        printTable(context.stdout, {
          columns: [
            { title: "time", cell: ({ entry }) => entry.at.slice(0, 19).replace("T", " ") },
            { title: "of", cell: ({ entry }) => entry.instance_id ?? entry.tenant_id ?? "-" },
            { title: "event", cell: ({ entry }) => entry.event },
            { title: "change", cell: ({ entry }) => changeText(entry) },
            { title: "cause", cell: ({ entry }) => entry.cause },
            { title: "by", cell: ({ entry }) => entry.claimed_by ?? entry.writer },
            { title: "detail", cell: ({ entry }) => entry.detail },
          ],
          rows: oldestFirst,
          empty: "no audit entries",
        }),
    });
  });

const FILTERS = ["tenant", "instance", "cause", "writer", "since", "until"] as const;

/** @throws MvmError MVM_USAGE for a value that is none of its filter */
function queryOf(input: CommandInput): AuditQuery {
  const given = FILTERS.flatMap((name) => {
    const value = input.text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const limit = input.count("limit", { least: 1, most: 1000 });
  const decoded = AuditQuery.safeParse({ ...Object.fromEntries(given), ...(limit === undefined ? {} : { limit }) });
  if (decoded.success) return decoded.data;
  const [issue] = decoded.error.issues;
  const name = String(issue?.path[0]);
  throw new MvmError("MVM_USAGE", {
    message: `--${name} is '${input.text(name) ?? ""}': ${issue?.message ?? "not understood"}`,
    cause: decoded.error,
  });
}

function changeText({ from, to }: AuditEntry): string {
  return from === null && to === null ? "-" : `${from ?? "-"} → ${to ?? "-"}`;
}
