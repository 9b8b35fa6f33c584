/** A fleet plan as a table for people. */
import type { FleetPlan } from "@mvm/core";
import type { Output, TextStyle } from "../../context.ts";
import { printTable } from "../../output/table.ts";

type Action = FleetPlan["changes"][number]["action"];

const STYLES: Readonly<Record<Action, TextStyle>> = {
  create: "green",
  change: "yellow",
  start: "green",
  stop: "red",
  restart: "red",
  pending: "cyan",
  release: "red",
};

export function printPlan(output: Output, plan: FleetPlan): void {
  printTable(output, {
    columns: [
      { title: "action", cell: ({ action }) => output.style(STYLES[action], action) },
      { title: "kind", cell: ({ kind }) => kind },
      {
        title: "name",
        cell: (change) =>
          change.instance_id ?? [change.tenant_id, change.pool_id].filter((part) => part !== null).join("/"),
      },
      { title: "reason", cell: ({ reason }) => reason },
    ],
    rows: plan.changes,
    empty: "nothing would change",
  });
}
