/** A failed operation as the condition that stands beside the instance's state, with its next try. */
import {
  isMvmError,
  isoTime,
  messageOf,
  MvmError,
  type Clock,
  type Condition,
  type ErrorCode,
  type Random,
} from "@mvm/core";
import type { Failure } from "../journal/instance-record.ts";
import type { OperationKind } from "../journal/operation-record.ts";
import { retryDelayMs } from "../plan/backoff.ts";

/**
 * Failures that another try of the same start can't mend: promises that this host does not keep, data
 * or configuration that is not what it must be. Whatever else is called `never` came from a tool or a
 * VMM, whose trouble may pass.
 */
const FINAL: readonly ErrorCode[] = [
  "MVM_CONFIG_INVALID",
  "MVM_HOST_UNSUPPORTED",
  "MVM_KEY_UNSEAL_FAILED",
  "MVM_VM_CONFINEMENT",
  "MVM_VOLUME_FAILED",
];

/** Failures that are alarms, each with the event by which the log tells it. */
const ALARMS: Partial<Record<ErrorCode, string>> = { MVM_VM_CONFINEMENT: "vm.confinement.broken" };

/** Null for what is no alarm. */
export function alarmEvent({ code }: MvmError): string | null {
  return ALARMS[code] ?? null;
}

/** Whether a start that failed so is not tried again before the spec changes, be it by a manual start. */
export function isFinal({ code, retry }: MvmError): boolean {
  return retry === "never" && FINAL.includes(code);
}

export interface FailureFacts {
  readonly operation: OperationKind;
  readonly error: MvmError;
  /** The failure that stood before; one of the same operation is counted on. */
  readonly previous: Failure | null;
  /** It is not tried again by itself. Never so of what only removes. */
  readonly isFinal?: boolean;
}

export function failureOf(
  { operation, error, previous, isFinal: isLast = false }: FailureFacts,
  ports: { readonly clock: Clock; readonly random: Random },
): Failure {
  const before = previous?.operation === operation ? previous.condition : null;
  const attempts = (before?.attempts ?? 0) + 1;
  const nowMs = ports.clock.nowMs();
  const jitter = ports.random.bytes(4).readUInt32BE() / 2 ** 32;
  const condition: Condition = {
    code: error.code,
    severity: alarmEvent(error) === null ? "failure" : "alarm",
    message: error.message,
    remedy: error.remedy,
    since: before?.since ?? isoTime(nowMs),
    attempts,
    retry_at: isLast ? null : isoTime(nowMs + retryDelayMs(attempts, jitter)),
  };
  return { operation, condition };
}

/** A failure as the audit tells it. */
export function failureText({ code, message }: Pick<Condition, "code" | "message">): string {
  return `${code}: ${message}`;
}

/** What a step threw, as the project's error: anything uncatalogued is a fault of ours or of the host's files. */
export function stepError(step: string, cause: unknown): MvmError {
  if (isMvmError(cause)) return cause;
  return new MvmError("MVM_INTERNAL", {
    message: `step '${step}' failed: ${messageOf(cause)}`,
    cause,
    retry: "backoff",
    details: { step },
  });
}
