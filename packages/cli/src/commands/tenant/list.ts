/** `mvm tenant list`. */
import { operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { countsText } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { printTable } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const listTenants: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const { tenants } = await coordinator.call(operatorRoutes.listTenants, { signal: context.signal });
    printResult(context, input, {
      config: configFacts,
      document: { tenants },
      text: () =>
        printTable(context.stdout, {
          columns: [
            { title: "tenant", cell: (tenant) => tenant.tenant_id },
            { title: "standing", cell: (tenant) => tenant.standing },
            { title: "subnet", cell: (tenant) => tenant.network.ipv4_subnet },
            { title: "egress", cell: (tenant) => tenant.network.egress.policy },
            { title: "pools", cell: (tenant) => tenant.pools.join(", ") || "-" },
            { title: "instances", cell: (tenant) => countsText(tenant.instances) },
          ],
          rows: tenants,
          empty: "no tenants",
        }),
    });
  });
