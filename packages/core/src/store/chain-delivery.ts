/**
 * Decides how far a delivery of audit entries continues a chain that the store holds. Pure; called
 * by store adapters inside the transaction that appends what is accepted.
 */
import { firstBrokenEntry, type AuditEntry } from "../audit/entry.ts";
import type { TenantId } from "../ids.ts";

/** The part of the store that a decision needs: the chain's newest entry and hashes of older ones. */
export interface HeldChain {
  readonly head: Pick<AuditEntry, "sequence" | "hash"> | null;
  /** Hash of the held entry of that sequence. */
  hashAt(sequence: number): string | null;
}

export interface ChainDecision {
  readonly accepted: readonly AuditEntry[];
  /** Why the rest, if any, was not accepted; one sentence. */
  readonly problem: string | null;
}

/** The entries of each chain (same tenant, or none), in the order of the delivery. */
export function groupByChain(entries: readonly AuditEntry[]): ReadonlyMap<TenantId | null, readonly AuditEntry[]> {
  return Map.groupBy(entries, (entry) => entry.tenant_id);
}

/**
 * Accepts the entries of one chain up to the first that does not follow. Entries that are held
 * already are passed over when they are the same; a different one is a problem.
 */
export function continueChain(writer: string, entries: readonly AuditEntry[], held: HeldChain): ChainDecision {
  const foreign = entries.find((entry) => entry.writer !== writer);
  if (foreign !== undefined)
    return refuse(`entry ${foreign.sequence} names the writer '${foreign.writer}', not '${writer}'`);

  const headSequence = held.head?.sequence ?? 0;
  const rewritten = entries.find(
    (entry) => entry.sequence <= headSequence && held.hashAt(entry.sequence) !== entry.hash,
  );
  if (rewritten !== undefined) return refuse(`entry ${rewritten.sequence} is not the one that was delivered before`);

  const fresh = entries.filter((entry) => entry.sequence > headSequence);
  const broken = firstBrokenEntry(fresh, held.head);
  if (broken === null) return { accepted: fresh, problem: null };
  return {
    accepted: fresh.slice(0, fresh.indexOf(broken)),
    problem: `entry ${broken.sequence} does not follow from the one before it`,
  };
}

function refuse(problem: string): ChainDecision {
  return { accepted: [], problem };
}
