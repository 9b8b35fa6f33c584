/** `mvm audit list`. */
import { type AuditEntry, AuditQuery, Cause, exactTimeText, operatorRoutes } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";
import { UsageProblem } from "../../usage-problem.ts";

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
            { title: "time", cell: ({ entry }) => exactTimeText(entry.at) },
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

const TIME = "a date or a time in UTC such as 2026-11-21 or 2026-11-21T14:30:00Z is expected";
/** What each filter takes, in the words of its refusal. */
const EXPECTED = {
  tenant: "a tenant's id such as acme is expected",
  instance: "an instance's id such as acme-gw-0 is expected",
  cause: `one of ${Cause.options.join(", ")} is expected`,
  writer: "the name of a node, or coordinator, is expected",
  since: TIME,
  until: TIME,
} as const;
type Filter = keyof typeof EXPECTED;
const isFilter = (name: unknown): name is Filter => typeof name === "string" && name in EXPECTED;

/** @throws UsageProblem for a value that is none of its filter */
function queryOf(input: CommandInput): AuditQuery {
  const given = Object.keys(EXPECTED).flatMap((name) => {
    const value = input.text(name);
    return value === undefined ? [] : [[name, withTime(name, value)] as const];
  });
  const limit = input.count("limit", { least: 1, most: 1000 });
  const decoded = AuditQuery.safeParse({ ...Object.fromEntries(given), ...(limit === undefined ? {} : { limit }) });
  if (decoded.success) return decoded.data;
  const name = decoded.error.issues[0]?.path[0];
  if (!isFilter(name)) throw decoded.error;
  throw new UsageProblem(`--${name} is '${input.text(name) ?? ""}': ${EXPECTED[name]}`, { cause: decoded.error });
}

/** A date alone is the whole of its day, in UTC. */
function withTime(name: string, value: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  if (name === "since") return `${value}T00:00:00Z`;
  return name === "until" ? `${value}T23:59:59.999Z` : value;
}

function changeText({ from, to }: AuditEntry): string {
  return from === null && to === null ? "-" : `${from ?? "-"} → ${to ?? "-"}`;
}
