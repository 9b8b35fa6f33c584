/** What the coordinator's services share: settings, ports, and who is told of changes. */
import {
  isoTime,
  isMvmError,
  resolveType,
  type Cause,
  type Clock,
  type DesiredRows,
  type ImageCatalog,
  type KeyStore,
  type Logger,
  type Random,
  type Store,
  type Turns,
} from "@mvm/core";
import { allocationSession } from "../allocate/allocation-session.ts";
import type { AuditContext } from "../audit/drafts.ts";
import type { ChangeSignal } from "../change-signal.ts";
import type { PlanContext } from "../fleet/new-instance.ts";
import type { CoordinatorSettings } from "../settings.ts";

export interface ServiceDeps {
  readonly settings: CoordinatorSettings;
  readonly store: Store;
  readonly keys: KeyStore;
  readonly images: ImageCatalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly changes: ChangeSignal;
  /** Applies, destructions and what follows from statuses: never two at once, so that no key is erased that is in use again. */
  readonly turns: Turns;
}

/** A planning session over `rows`. */
export function planContext(deps: ServiceDeps, rows: DesiredRows): PlanContext {
  const { settings, clock, random } = deps;
  return {
    session: allocationSession(settings, rows),
    node: settings.node,
    now: isoTime(clock.nowMs()),
    newUuid: () => random.uuid(),
    typeOf: (role, profile) => {
      try {
        return resolveType(settings.microvms, role, profile);
      } catch (error) {
        if (isMvmError(error, "MVM_TYPE_UNKNOWN")) return null;
        throw error;
      }
    },
  };
}

export function auditContext(deps: ServiceDeps, cause: Cause, claimedBy: string | null): AuditContext {
  return { at: isoTime(deps.clock.nowMs()), claimedBy, configHash: deps.settings.configHash, cause };
}

const MAX_ATTEMPTS = 5;

/** Decides and commits again when what it was decided from has changed meanwhile; gives up after five times. */
export async function decideAndCommit<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isMvmError(error, "MVM_STORE_CONFLICT")) throw error;
    }
  }
}
