/**
 * Audit entries: who did what, why and from what configuration. Small, append-only, and chained
 * by hash per node and tenant, so that a changed, dropped or reordered entry shows.
 */
import * as z from "zod";
import { hashOf } from "../hash.ts";
import { InstanceId, TenantId } from "../ids.ts";

export const causes = ["manual", "reconcile", "sleep-policy", "wake-request", "timer", "recovery"] as const;
export const Cause = z.enum(causes);
export type Cause = z.infer<typeof Cause>;

export const AuditEntry = z.object({
  /** Place in its chain, from 1. */
  sequence: z.int().min(1),
  at: z.iso.datetime(),
  /** The node that wrote it, or `coordinator`. */
  writer: z.string(),
  tenant_id: TenantId.nullable(),
  instance_id: InstanceId.nullable(),
  /** Static event name: `instance.start`, `instance.start.done`, `fleet.apply`. */
  event: z.string().regex(/^[a-z][a-z0-9.-]*$/),
  from: z.string().nullable(),
  to: z.string().nullable(),
  cause: Cause,
  /** Who asked, as the client claims it, when somebody did. */
  claimed_by: z.string().nullable(),
  config_hash: z.string(),
  revision: z.string().nullable(),
  generation: z.int().nullable(),
  /** One sentence for people; never a secret. */
  detail: z.string().max(1000),
  previous_hash: z.string(),
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What a writer gives; place and hashes come from the chain. */
export type AuditDraft = Omit<AuditEntry, "sequence" | "previous_hash" | "hash">;

/** The `previous_hash` of a chain's first entry. */
export const CHAIN_START = "0".repeat(64);

/** The entry that follows `previous` (null: the first of its chain). */
export function chainEntry(draft: AuditDraft, previous: Pick<AuditEntry, "sequence" | "hash"> | null): AuditEntry {
  const body = { ...draft, sequence: (previous?.sequence ?? 0) + 1, previous_hash: previous?.hash ?? CHAIN_START };
  return { ...body, hash: hashOf(body) };
}

/**
 * The first entry that does not follow from those before it, or null when the chain holds.
 * @param after the entry that the first one continues; null: the chain begins with it
 */
export function firstBrokenEntry(
  entries: readonly AuditEntry[],
  after: Pick<AuditEntry, "sequence" | "hash"> | null = null,
): AuditEntry | null {
  let previous = after;
  for (const entry of entries) {
    const { hash, ...body } = entry;
    const follows =
      entry.sequence === (previous?.sequence ?? 0) + 1 && entry.previous_hash === (previous?.hash ?? CHAIN_START);
    if (!follows || hashOf(body) !== hash) return entry;
    previous = entry;
  }
  return null;
}
