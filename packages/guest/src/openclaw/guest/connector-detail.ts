/** What a connector's accounts say, as one sentence for people. Pure. */
import type { ConnectorMapping } from "../../handlers/handler-input.ts";
import type { ConnectorReport } from "../../protocol/handler-report.ts";
import type { ChannelAccount, ChannelsStatus } from "./gateway-frames.ts";

/** The connectors as configured, with the application's own word where it has one. `live`: null while it is not up. */
export function connectorReports(
  mappings: readonly ConnectorMapping[],
  live: ChannelsStatus | null,
): readonly ConnectorReport[] {
  return mappings.map(({ name, enabled, missing }) => {
    const accounts = enabled ? (live?.channelAccounts[name] ?? []) : [];
    const detail = accounts.map(accountDetail).join("; ").slice(0, 500);
    return { name, enabled, missing: [...missing], ...(detail === "" ? {} : { detail }) };
  });
}

function accountDetail(account: ChannelAccount): string {
  if (account.linked === false) return "not linked: it needs a login, which mvm has no command for";
  if (account.lastError !== null && account.lastError !== undefined) return account.lastError;
  if (account.connected === true) return "connected";
  if (account.running === true) return "running";
  return account.stateReason ?? "stopped";
}
