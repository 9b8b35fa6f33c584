/**
 * Reports the node's status with the audit entries that the coordinator does not hold yet: on every
 * change, and every few seconds without one.
 */
import {
  MAX_AUDIT_BATCH,
  type AuditEntry,
  type Clock,
  type Logger,
  type NodeStatus,
  type StatusAnswer,
} from "@mvm/core";
import { wakeUp, type WakeUp } from "../execute/wake-up.ts";
import type { Journal } from "../journal/journal.ts";
import type { Coordinator } from "./coordinator.ts";
import { reach } from "./reach.ts";
import { refusedChains, type RefusedChains } from "./refused-chains.ts";

const LONGEST_PAUSE_MS = 10_000;
/** Changes come in bursts; one delivery tells of all of them. */
const SHORTEST_PAUSE_MS = 200;

export interface ReportStatusParts {
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, "auditChains" | "auditAfter" | "acknowledge">;
  readonly status: () => NodeStatus;
}

export interface StatusReporter {
  /** Something has changed: report soon. */
  ring(): void;
  /** The node's status with what the coordinator refuses of it. */
  status(): NodeStatus;
  run(signal: AbortSignal): Promise<void>;
}

export function statusReporter(parts: ReportStatusParts): StatusReporter {
  const bell = wakeUp(parts.clock);
  const refused = refusedChains(parts.clock, parts.log);
  const status = (): NodeStatus => {
    const chains = refused.list();
    return chains.length === 0 ? parts.status() : { ...parts.status(), refused_chains: [...chains] };
  };
  const reporting = { ...parts, status, refused, bell };
  return { ring: () => bell.ring(), status, run: (signal) => report(reporting, signal) };
}

interface Reporting extends ReportStatusParts {
  readonly refused: RefusedChains;
  readonly bell: WakeUp;
}

async function report(parts: Reporting, signal: AbortSignal): Promise<void> {
  const { coordinator, clock, log, journal, refused, bell } = parts;
  const reachable = reach("status", log);
  while (!signal.aborted) {
    try {
      const audit = undelivered(journal, refused);
      const answer = await coordinator.deliver({ status: parts.status(), audit: [...audit] }, signal);
      reachable.succeeded();
      acknowledge(answer, parts);
      const isMore = audit.length === MAX_AUDIT_BATCH;
      if (!isMore) await bell.wait(LONGEST_PAUSE_MS, signal);
      await clock.sleep(SHORTEST_PAUSE_MS, signal).catch(() => undefined);
    } catch (error) {
      await clock.sleep(reachable.failed(error), signal).catch(() => undefined);
    }
  }
}

/** The oldest entries that are not acknowledged, chain by chain, as many as one delivery holds. */
function undelivered(journal: Reporting["journal"], refused: RefusedChains): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (const { tenant_id, acknowledged, newest } of journal.auditChains()) {
    const room = MAX_AUDIT_BATCH - entries.length;
    if (room === 0 || newest <= acknowledged || !refused.isDue(tenant_id)) continue;
    entries.push(...journal.auditAfter(tenant_id, acknowledged, room));
  }
  return entries;
}

function acknowledge({ chains }: StatusAnswer, { journal, refused }: Reporting): void {
  const known = new Map(journal.auditChains().map((chain) => [chain.tenant_id, chain.acknowledged]));
  for (const { tenant_id, acknowledged, problem } of chains) {
    if (known.get(tenant_id) !== acknowledged) journal.acknowledge(tenant_id, acknowledged);
    refused.note(tenant_id, problem);
  }
}
