/** `mvm pool list`. */
import { operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { countsText } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const listPools: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const tenant = input.text("tenant");
    const { pools } = await coordinator.call(operatorRoutes.listPools, {
      query: tenant === undefined ? {} : { tenant },
      signal: context.signal,
    });
    printResult(context, input, {
      config: configFacts,
      document: { pools },
      text: () =>
        printTable(context.stdout, {
          columns: [
            { title: "tenant", cell: (pool) => pool.tenant_id },
            { title: "pool", cell: (pool) => pool.pool_id },
            { title: "role", cell: (pool) => pool.role },
            { title: "profile", cell: (pool) => pool.profile },
            { title: "revision", cell: (pool) => pool.revision },
            { title: "memory", cell: (pool) => `${pool.resources.mem_mib} MiB` },
            { title: "wanted", cell: (pool) => (pool.released ? "released" : String(pool.desired_counts.running)) },
            { title: "instances", cell: (pool) => countsText(pool.instances) },
          ],
          rows: pools,
          empty: "no pools",
        }),
    });
  });
