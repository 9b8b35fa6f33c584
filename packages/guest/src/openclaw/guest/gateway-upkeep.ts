/**
 * Why the gateway is not up, and another start where that can help. Asked with each report.
 *
 * systemd restarts the gateway, but not after exit 78, OpenClaw's word for a configuration or state
 * that is no good. A machine too slow for the heartbeat's deadline ends with 78 as well, and the
 * next start may well succeed: that one is started again from here, so often and no more.
 */
import type { HandlerParts } from "../../agent/handler.ts";
import { readJournal } from "../../agent/journal.ts";
import type { HandlerFailure } from "../../protocol/handler-report.ts";
import type { ServiceReport } from "../../protocol/status.ts";
import { GATEWAY_UNIT } from "../guest-paths.ts";
import { gatewayFailure, HEARTBEAT_FAILURE } from "./gateway-failure.ts";

const FAILURE_LINES = 80;
const MAX_REVIVALS = 10;

/** The failure behind the unit's state, or null. The log is read only when systemd saw something new. */
export function gatewayUpkeep(
  parts: Pick<HandlerParts, "services" | "commands" | "log">,
): () => Promise<HandlerFailure | null> {
  let seen: { readonly outcome: string; readonly failure: HandlerFailure | null } = { outcome: "", failure: null };
  let revivals = 0;

  const look = async (unit: ServiceReport): Promise<HandlerFailure | null> => {
    const failed = unit.restarts > 0 || unit.active_state === "failed";
    // A start from here takes the unit's own memory of its failure away.
    if (!failed) return revivals > 0 ? seen.failure : null;
    const page = await readJournal(parts.commands, { limit: FAILURE_LINES, unit: GATEWAY_UNIT });
    const failure = gatewayFailure(
      unit,
      page.entries.map((entry) => entry.message),
    );
    const isWorthAnotherStart = failure?.code === HEARTBEAT_FAILURE && unit.active_state === "failed";
    if (isWorthAnotherStart && revivals < MAX_REVIVALS) {
      revivals += 1;
      parts.log.warn("openclaw.gateway.revived", { reason: failure.code, attempt: revivals });
      const argv = ["systemctl", "start", "--no-block", GATEWAY_UNIT] as const;
      await parts.commands.run({ argv, timeoutMs: 60_000, maxOutputBytes: 4096 });
    }
    return failure === null ? null : { ...failure, count: failure.count + revivals };
  };

  return async () => {
    const unit = (await parts.services.read()).find((service) => service.name === GATEWAY_UNIT);
    if (unit === undefined) return null;
    const outcome = [unit.active_state, unit.result, unit.restarts, unit.exit_status, unit.main_pid].join(" ");
    if (seen.outcome !== outcome) seen = { outcome, failure: await look(unit) };
    return seen.failure;
  };
}
