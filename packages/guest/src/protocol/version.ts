/**
 * The version of the guest channel and its negotiation: both sides speak the newest version and
 * the one before it, and settle on the newest that they share. Pure.
 */
import * as z from "zod";

/** The newest version that this code speaks; from 2 on `status` carries health and connectors. */
export const PROTOCOL_VERSION = 2;

/** An inclusive range of versions that one side speaks. */
export const VersionRange = z.object({ oldest: z.int().min(1), newest: z.int().min(1) });
export type VersionRange = z.infer<typeof VersionRange>;

/** What a side speaks whose newest version is `newest`: that one and one back. */
export function spokenVersions(newest: number = PROTOCOL_VERSION): VersionRange {
  return { oldest: Math.max(1, newest - 1), newest };
}

/** The newest version that both speak, or null when there is none. */
export function negotiateVersion(ours: VersionRange, theirs: VersionRange): number | null {
  const newest = Math.min(ours.newest, theirs.newest);
  return newest >= ours.oldest && newest >= theirs.oldest ? newest : null;
}
