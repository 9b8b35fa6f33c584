/** A guest's answers as the report that status shows: capped by their schemas already, made plain here. Pure. */
import type { GuestReport } from "@mvm/core";
import type { ConnectorReport, GuestResult, HandlerReport } from "@mvm/guest";
import { plainText } from "./plain-text.ts";

export interface GuestAnswers {
  readonly health: GuestResult<"health">;
  readonly status: GuestResult<"status">;
  readonly connectors: readonly ConnectorReport[];
}

/** @param at when the answers came, ISO 8601 */
export function guestReport({ health, status, connectors }: GuestAnswers, at: string): GuestReport {
  return {
    agent_version: plainText(status.agent_version),
    ready: health.ready,
    reason: capped(health.reason, 500),
    failure:
      health.failure === null
        ? null
        : {
            code: capped(health.failure.code, 64),
            message: capped(health.failure.message, 500),
            count: health.failure.count,
          },
    data_drive: dataDrive(status.drives),
    connectors: connectors.map(({ name, enabled, missing, detail }) => ({
      name: plainText(name),
      enabled,
      missing: missing.map((item) => plainText(item)),
      ...(detail === undefined ? {} : { detail: capped(detail, 500) }),
    })),
    reported_at: at,
  };
}

/** The report of a guest that was heard once and is silent now. */
export function silentReport(last: GuestReport): GuestReport {
  return { ...last, ready: false, reason: `has not answered since ${last.reported_at}` };
}

/** What the handlers of a guest need, by handler. */
export function needsOf({
  handlers,
}: GuestAnswers["status"]): readonly Pick<HandlerReport, "name" | "needs" | "ready">[] {
  return handlers.map(({ name, needs, ready }) => ({ name, needs, ready }));
}

function dataDrive(drives: GuestAnswers["status"]["drives"]): string {
  if (drives === null) return "not mounted yet";
  return drives.ok ? drives.data : capped(`${drives.drive} drive failed`, 64);
}

/** Escaping makes text longer than the schema let in. */
function capped(text: string, length: number): string {
  return plainText(text).slice(0, length);
}
