/** Whether this guest is ready, and if not, the first reason that matters. Pure. */
import type { HandlerReport } from "../protocol/handler-report.ts";
import type { DrivesDocument, HealthResult, ServiceReport } from "../protocol/status.ts";

export interface HealthFacts {
  /** Whether the config drive said who this is. */
  readonly knowsItself: boolean;
  readonly drives: DrivesDocument | null;
  readonly services: readonly ServiceReport[];
  readonly handlers: readonly HandlerReport[];
}

/** In this order: drives, a handler's failure, a failed service, a handler that waits, a service that is not up. */
export function decideHealth({ knowsItself, drives, services, handlers }: HealthFacts): HealthResult {
  if (drives === null) return waiting("the drives are not mounted yet");
  if (!drives.ok) {
    const message = `${drives.drive} drive: ${drives.reason}`.slice(0, 500);
    return failing("drive-failed", message, 1);
  }
  if (drives.config && !knowsItself)
    return failing("config-invalid", "the config drive holds no valid instance.json", 1);
  const ailing = handlers.find((handler) => handler.failure !== null && !handler.ready);
  if (ailing !== undefined) return { ready: false, reason: ailing.reason, failure: ailing.failure };

  const failed = services.find((service) => service.active_state === "failed");
  if (failed !== undefined) {
    const message = `${failed.name} failed (${failed.result}, exit status ${failed.exit_status})`;
    return failing("service-failed", message, failed.restarts);
  }
  const unready = handlers.find((handler) => !handler.ready);
  if (unready !== undefined) return waiting(unready.reason);

  const inactive = services.find((service) => service.active_state !== "active");
  if (inactive !== undefined) return waiting(`${inactive.name} is ${inactive.active_state} (${inactive.sub_state})`);
  return {
    ready: true,
    reason:
      handlers
        .map((handler) => handler.reason)
        .join("; ")
        .slice(0, 500) || "booted",
    failure: null,
  };
}

function failing(code: string, message: string, count: number): HealthResult {
  return { ready: false, reason: message, failure: { code, message, count } };
}

function waiting(reason: string): HealthResult {
  return { ready: false, reason, failure: null };
}
