/**
 * Why a gateway does not stay up, told from what it printed and how systemd saw it end. Pure.
 *
 * The lines are those of OpenClaw 2026.9; what none of them explains is still told apart by exit
 * status and by the number of restarts.
 */
import type { HandlerFailure } from "../../protocol/handler-report.ts";
import type { ServiceReport } from "../../protocol/status.ts";

interface Pattern {
  readonly code: string;
  readonly line: RegExp;
  readonly message: string;
}

export const HEARTBEAT_FAILURE = "openclaw.heartbeat-start";

/** In this order: the heartbeat's failure drags others behind it, and ends with exit 78 like a bad configuration. */
const patterns: readonly Pattern[] = [
  {
    code: HEARTBEAT_FAILURE,
    line: /state lease heartbeat did not become ready/,
    message:
      "a worker thread of the gateway was not up within its deadline: the machine is too slow or too busy for it",
  },
  { code: "openclaw.config-invalid", line: /Invalid config at/, message: "OpenClaw refuses its configuration" },
  {
    code: "openclaw.secret-missing",
    line: /required secrets are unavailable/,
    message: "a secret that the gateway can't start without is not on the secrets drive",
  },
  {
    code: "openclaw.state-newer",
    line: /newer (?:database )?schema|schema version .* is newer/i,
    message: "its state was written by a newer OpenClaw",
  },
  { code: "openclaw.port-taken", line: /EADDRINUSE/, message: "the gateway's port is in use inside the guest" },
];

/** Exit status of OpenClaw's configuration and state failures. */
const EXIT_CONFIG = 78;
/** From so many restarts on, unexplained ones are called a loop. */
const LOOP_RESTARTS = 3;

/** The failure behind the unit's state, or null when nothing has failed. `lines`: its newest output. */
export function gatewayFailure(unit: ServiceReport, lines: readonly string[]): HandlerFailure | null {
  const failed = unit.active_state === "failed" || unit.restarts > 0;
  if (!failed) return null;
  const count = unit.restarts;
  const known = patterns.find((pattern) => lines.some((line) => pattern.line.test(line)));
  if (known !== undefined) return { code: known.code, message: known.message, count };
  if (unit.result === "oom-kill")
    return { code: "openclaw.out-of-memory", message: "the gateway was killed for want of memory", count };
  if (unit.exit_status === EXIT_CONFIG) {
    return {
      code: "openclaw.config-or-state",
      message: "OpenClaw stopped for its configuration or state (exit 78)",
      count,
    };
  }
  const how = `${unit.result}, exit status ${unit.exit_status}`;
  if (count >= LOOP_RESTARTS)
    return { code: "openclaw.crash-loop", message: `the gateway ended ${count} times (${how})`, count };
  return { code: "openclaw.ended", message: `the gateway ended (${how})`, count };
}
