/** A failed operation as the condition that stands beside the instance's state, with its next try. */
import { isMvmError, isoTime, messageOf, MvmError, type Clock, type Random } from "@mvm/core";
import type { Failure } from "../journal/instance-record.ts";
import type { OperationKind } from "../journal/operation-record.ts";
import { retryDelayMs } from "../plan/backoff.ts";

export interface FailureFacts {
  readonly operation: OperationKind;
  readonly error: MvmError;
  /** The failure that stood before; one of the same operation is counted on. */
  readonly previous: Failure | null;
}

export function failureOf(
  { operation, error, previous }: FailureFacts,
  ports: { readonly clock: Clock; readonly random: Random },
): Failure {
  const before = previous?.operation === operation ? previous.condition : null;
  const attempts = (before?.attempts ?? 0) + 1;
  const nowMs = ports.clock.nowMs();
  const jitter = ports.random.bytes(4).readUInt32BE() / 2 ** 32;
  const condition = {
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    since: before?.since ?? isoTime(nowMs),
    attempts,
    retry_at: isoTime(nowMs + retryDelayMs(attempts, jitter)),
  };
  return { operation, condition };
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
