/** `mvm fleet show`. */
import { operatorRoutes, timeText } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { printFacts, printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const showFleet: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const view = await coordinator.call(operatorRoutes.getFleet, { signal: context.signal });
    const pools = view.fleet.tenants.flatMap((tenant) => tenant.pools.map((pool) => ({ tenant, pool })));
    printResult(context, input, {
      config: configFacts,
      document: { ...view },
      text: () => {
        printFacts(context.stdout, [
          ["version", String(view.version)],
          ["applied", view.applied_at === null ? "never" : `${timeText(view.applied_at)} by ${view.applied_by ?? "?"}`],
          ["file", view.source_hash === null ? null : `sha256:${view.source_hash.slice(0, 12)}`],
        ]);
        printTable(context.stdout, {
          columns: [
            { title: "tenant", cell: ({ tenant }) => tenant.tenant_id },
            { title: "pool", cell: ({ pool }) => pool.pool_id },
            { title: "role", cell: ({ pool }) => pool.role },
            { title: "profile", cell: ({ pool }) => pool.profile },
            { title: "revision", cell: ({ pool }) => pool.revision },
            { title: "wanted", cell: ({ pool }) => String(pool.desired_counts.running) },
            { title: "egress", cell: ({ tenant }) => tenant.egress.policy },
          ],
          rows: pools,
          empty: "no pools",
        });
      },
    });
  });
