/** `mvm instance list`. */
import { operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { ageText } from "../../output/age.ts";
import { printResult } from "../../output/document.ts";
import { noteOf, stateSince } from "../../output/instance-words.ts";
import { stateCell } from "../../output/state-cell.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const listInstances: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const tenant = input.text("tenant");
    const { instances } = await coordinator.call(operatorRoutes.listInstances, {
      query: tenant === undefined ? {} : { tenant },
      signal: context.signal,
    });
    const { stdout, clock } = context;
    printResult(context, input, {
      config: configFacts,
      document: { instances },
      text: () =>
        printTable(stdout, {
          columns: [
            { title: "instance", cell: (view) => view.instance_id },
            { title: "state", cell: (view) => stateCell(stdout, view) },
            { title: "for", cell: (view) => ageText(stateSince(view), clock.nowMs()) },
            { title: "role", cell: (view) => view.role },
            { title: "profile", cell: (view) => view.profile },
            { title: "address", cell: (view) => view.ipv4 },
            { title: "ingress", cell: (view) => (view.ingress_port === null ? "-" : `127.0.0.1:${view.ingress_port}`) },
            { title: "note", cell: (view) => noteOf(view, clock.nowMs()) },
          ],
          rows: instances,
          empty: "no instances",
        }),
    });
  });
