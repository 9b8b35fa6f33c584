/**
 * What went wrong with instances and is not in the journal: refusals, which changed nothing, and
 * operations that could not even be journalled. In memory, because both are found again by trying.
 */
import type { Clock, ErrorCode, InstanceId, Logger, MvmError, Random, Refusal } from "@mvm/core";
import type { OperationKind } from "../journal/operation-record.ts";
import { retryDelayMs } from "../plan/backoff.ts";
import { troubleOf, type Trouble } from "../plan/trouble.ts";

export interface Refused {
  readonly refusal: Refusal;
  readonly recheckAtMs: number;
}

export interface Stalled extends Trouble {
  readonly operation: OperationKind;
}

export interface Troubles {
  noteRefusal(id: InstanceId, error: MvmError): void;
  noteStall(id: InstanceId, operation: OperationKind, error: unknown): void;
  /** An operation of the instance was not refused and could be journalled. */
  clear(id: InstanceId): void;
  /** Refusals are to be looked at anew. */
  clearRefusals(): void;
  ids(): readonly InstanceId[];
  refused(id: InstanceId): Refused | null;
  stalled(id: InstanceId): Stalled | null;
}

/** A refusal costs a look at the host each time: the first recheck is not at once. */
const REFUSAL_BACKOFF_STEPS = 2;

const INGRESS_CODES: readonly ErrorCode[] = ["MVM_INGRESS_PORT_TAKEN"];

export function createTroubles({
  clock,
  random,
  log,
}: {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): Troubles {
  const refusals = new Map<InstanceId, Refused & { readonly attempts: number }>();
  const stalls = new Map<InstanceId, Stalled>();
  const jitter = (): number => random.bytes(1).readUInt8() / 256;

  return {
    noteRefusal(id, { code, message, remedy }) {
      const attempts = (refusals.get(id)?.attempts ?? 0) + 1;
      const rule = INGRESS_CODES.includes(code) ? "ingress" : "safety";
      refusals.set(id, {
        refusal: { rule, code, message, remedy },
        attempts,
        recheckAtMs: clock.nowMs() + retryDelayMs(attempts + REFUSAL_BACKOFF_STEPS, jitter()),
      });
      stalls.delete(id);
      if (attempts === 1) log.warn("instance.refused", { instance: id, rule, code, error: message });
    },
    noteStall(id, operation, error) {
      const known = stalls.get(id) ?? null;
      const before = known?.operation === operation ? known : null;
      const trouble = troubleOf(error, { before, nowMs: clock.nowMs(), jitter: jitter() });
      stalls.set(id, { ...trouble, operation });
      log.error("operation.stalled", { instance: id, operation, code: trouble.code, error: trouble.message });
    },
    clear(id) {
      refusals.delete(id);
      stalls.delete(id);
    },
    clearRefusals: () => refusals.clear(),
    ids: () => [...refusals.keys(), ...stalls.keys()],
    refused: (id) => refusals.get(id) ?? null,
    stalled: (id) => stalls.get(id) ?? null,
  };
}
