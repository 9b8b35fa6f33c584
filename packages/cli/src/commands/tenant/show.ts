/** `mvm tenant show`. */
import { operatorRoutes, type TenantView } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { countsText } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { printFacts } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const showTenant: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const { tenant } = await coordinator.call(operatorRoutes.getTenant, {
      params: { tenant: input.arg(0) },
      signal: context.signal,
    });
    printResult(context, input, {
      config: configFacts,
      document: { tenant },
      text: () => printFacts(context.stdout, factsOf(tenant)),
    });
  });

function factsOf(tenant: TenantView): readonly (readonly [string, string | null])[] {
  const { network, model } = tenant;
  const connectors = Object.keys(tenant.connectors);
  return [
    ["tenant", tenant.tenant_id],
    ["standing", tenant.standing],
    ["instances", countsText(tenant.instances)],
    ["pools", tenant.pools.join(", ") || "none"],
    ["network", `${network.ipv4_subnet} in namespace ${network.namespace} (network ${network.tenant_net_id})`],
    ["uplink", network.uplink === null ? "none" : `${network.uplink.host_interface} ${network.uplink.host_ipv4}`],
    ["egress", egressText(network.egress)],
    ["model", model === null ? "none" : `${model.model} at ${model.base_url}`],
    ["connectors", connectors.length === 0 ? "none" : connectors.join(", ")],
    ["versions", `config ${tenant.config_version}, secrets ${tenant.secrets_epoch}`],
  ];
}

function egressText(egress: TenantView["network"]["egress"]): string {
  if (egress.policy === "deny") return "deny";
  return `only ${egress.allow.map(({ cidr, port, protocol }) => `${cidr} ${protocol}/${port}`).join(", ")}`;
}
